/**
 * Loaded before a program (`--import`): one module of the library is another one, in
 * which a step is left out. The environment says which.
 */
import { register } from "node:module";

import type { Edits } from "./mutate-loader.js";

register<Edits>(new URL("mutate-loader.js", import.meta.url), {
  data: JSON.parse(process.env["SKEIN_MUTANT"] as string) as Edits,
});
