import { describeThrown } from "../core/errors.js";

/** Why a lab could not run, and what helps where that is known. */
export function describeFailure(error: unknown): string {
  // Where Node runs with --permission.
  const isDenied = (error as { readonly code?: unknown } | undefined)?.code === "ERR_ACCESS_DENIED";
  return describeThrown(error) + (isDenied ? "; a lab needs --allow-child-process and --allow-worker" : "");
}
