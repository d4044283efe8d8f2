/** Explores the program of one step that was left out, in a process that has left it out; see `left-out-steps.test.ts`. */
import { explore, ExploreError, type ExploreOptions } from "skein/explore";

import { dispatch } from "./primitives/dispatch.js";
import { attach, giveBackTwice } from "./primitives/heap.js";
import { joinsOf } from "./primitives/joins.js";
import { LEFT_OUT_STEPS } from "./primitives/left-out-steps.js";

const [wanted] = process.argv.slice(2);
const step = LEFT_OUT_STEPS.find(({ what }) => what === wanted);
if (step === undefined) throw new Error(`there is no such step: ${wanted}`);

const options: ExploreOptions = { name: step.what, schedules: step.schedules, steps: step.steps ?? 20_000 };
const { program: of } = step;
let program;
if (typeof of === "string") program = { attach, giveBackTwice }[of];
else program = "helpers" in of ? joinsOf(of) : dispatch(of);
try {
  const { coverage } = await explore(options, program);
  console.log(JSON.stringify({ kind: "nothing", message: coverage.text }));
} catch (error) {
  if (!(error instanceof ExploreError)) throw error;
  console.log(JSON.stringify({ kind: error.kind, message: error.message }));
}
