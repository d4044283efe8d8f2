import { host } from "#host";

/**
 * Cores that this process may keep busy: the machine's, less what the container's
 * CPU quota and the process's affinity take away. At least 1.
 *
 * @since 0.1.0
 */
export function availableCores(): number {
  return host.allowedCores();
}
