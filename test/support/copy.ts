/**
 * Loads a second copy of a built file, as a second installation of the package, or
 * another thread, would have it.
 *
 * @param path - from the room on, such as `core/errors`
 * @param name - copies of different names are different
 */
export async function loadCopy<Module>(path: string, name: string): Promise<Module> {
  const url = new URL(`../../../dist/${path}.js?${name}`, import.meta.url);
  return (await import(url.href)) as Module;
}
