/** `skein attach`: a running process, looked at from outside. */
import { type DisplayOptions, showLive } from "./live/display.js";
import { OutsideView } from "./live/outside-view.js";
import { AttachError, requireProcess } from "./live/processes.js";

/** Shows the process until it ends or somebody has seen enough. Problems with it are printed, and the exit code is 1. */
export async function attachTo(pid: number, options: DisplayOptions): Promise<void> {
  try {
    await showLive(new OutsideView(requireProcess(pid)), options);
  } catch (error) {
    if (!(error instanceof AttachError)) throw error;
    console.error(`skein attach: ${error.sentence[options.language]}`);
    process.exitCode = 1;
  }
}
