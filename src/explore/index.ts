/** `skein/explore`: runs a program through the orders that its threads' steps can come in. */
export { Cell } from "./cell.js";
export type { Coverage } from "./coverage.js";
export { type ExplorableProgram, explorable } from "./explorable.js";
export { explore, type ExploreReport } from "./explore.js";
export type { ExploredProgram } from "./run-program.js";
export type { ExploreOptions, OutcomeJudgement, StrategyName } from "./options.js";
export { ExploreError } from "./explore-error.js";
export type { FailureKind } from "./failure.js";
export { type ExploredJob, type ExploredThread, Exploration } from "./program.js";
export type { CompletionOptions } from "./async-mode.js";
export { linearizable, type LinearizableOptions, type LinearizableReport, type Operations } from "./linearizable.js";
export type { Confirmation } from "./real/confirmation.js";
