/** The loader's side of `mutate.ts`. */
import type { LoadFnOutput, LoadHookContext } from "node:module";

/** What is changed in one module of `dist/`. */
export interface Edits {
  /** As "threads/parking". */
  readonly module: string;
  /** Texts of the compiled module, each of which stands in it once, and what comes in their place. */
  readonly edits: readonly (readonly [from: string, to: string])[];
}

let wanted: Edits;

export function initialize(given: Edits): void {
  wanted = given;
}

export async function load(
  url: string,
  context: LoadHookContext,
  next: (url: string, context?: LoadHookContext) => LoadFnOutput | Promise<LoadFnOutput>,
): Promise<LoadFnOutput> {
  const loaded = await next(url, context);
  if (!url.endsWith(`/dist/${wanted.module}.js`)) return loaded;
  let source = new TextDecoder().decode(loaded.source as Uint8Array);
  for (const [from, to] of wanted.edits) {
    const parts = source.split(from);
    if (parts.length !== 2)
      throw new Error(`${JSON.stringify(from)} stands in ${wanted.module} ${parts.length - 1} times, not once`);
    source = parts.join(to);
  }
  return { ...loaded, source };
}
