/** `skein attach`: a running process, looked at from outside, or through its inspector too. */
import { type DisplayOptions, type LiveView, showLive } from "./live/display.js";
import { InspectedView } from "./live/inspected-view.js";
import { openInspector } from "./live/inspector-link.js";
import { OutsideView } from "./live/outside-view.js";
import { AttachError, requireProcess } from "./live/processes.js";

/** Shows the process until it ends or somebody has seen enough. Problems with it are printed, and the exit code is 1. */
export async function attachTo(pid: number, usesInspector: boolean, options: DisplayOptions): Promise<void> {
  try {
    await showLive(await viewOf(pid, usesInspector, options), options);
  } catch (error) {
    if (!(error instanceof AttachError)) throw error;
    console.error(`skein attach: ${error.sentence[options.language]}`);
    process.exitCode = 1;
  }
}

async function viewOf(pid: number, usesInspector: boolean, { language }: DisplayOptions): Promise<LiveView> {
  const target = requireProcess(pid);
  if (!usesInspector) return new OutsideView(target);
  const link = await openInspector(target, (address) => {
    const words = {
      en: `SIGUSR1 opens the inspector of process ${pid} on ${address}, until this ends; meanwhile any program of this machine can connect to it`,
      ru: `SIGUSR1 открывает инспектор процесса ${pid} на ${address} до конца просмотра; пока он открыт, к нему может подключиться любая программа этой машины`,
    };
    console.error(`skein attach: ${words[language]}`);
  });
  return new InspectedView(new OutsideView(target), link);
}
