/** Opens an address in the browser of the person at the terminal, as far as there is one. */
import { spawn } from "node:child_process";

const COMMANDS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
  linux: ["xdg-open"],
};

export function openBrowser(url: string): void {
  const command = COMMANDS[process.platform];
  if (command === undefined) return;
  // Without a screen there is no browser to open, and the programs for it complain.
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === "linux" && DISPLAY === undefined && WAYLAND_DISPLAY === undefined) return;
  const [program, ...args] = command;
  const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  // The address was printed: a person without such a program opens it by hand.
  child.on("error", () => undefined);
  child.unref();
}
