/** `skein/explore`: runs a program through the orders that its threads' steps can come in. */
export { Cell } from "./cell.js";
export {
  type Coverage,
  explore,
  type ExploredProgram,
  type ExploreOptions,
  type ExploreReport,
  type OutcomeJudgement,
  type StrategyName,
} from "./explore.js";
export { ExploreError } from "./explore-error.js";
export type { FailureKind } from "./failure.js";
export { type ExploredThread, Exploration } from "./program.js";
export { linearizable, type LinearizableOptions, type LinearizableReport, type Operations } from "./linearizable.js";
