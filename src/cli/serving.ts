/** Serving a page until the person has seen enough. */

/**
 * Why a port can't be listened at, in words; `undefined` if that is not what went wrong.
 *
 * @param option - what names a port on the command line
 */
export function portProblem(error: unknown, port: number, option: string): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${port} is taken; without ${option} a free one is found`;
  return code === "EACCES" ? `port ${port} is not allowed; name one from 1024 on` : undefined;
}

/** Settles when the person, or who started us, has seen enough. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => resolve());
  });
}
