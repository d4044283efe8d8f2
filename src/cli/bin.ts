#!/usr/bin/env node
/**
 * Starts the command `skein`. By name, so that it comes in the form in which a program
 * that it runs gets this package, and there is one copy of it in the process.
 */
import { runCommand } from "#command";

runCommand();
