/** Progress on the terminal: a bar, or a line now and then where there is none. */
import { Presets, SingleBar } from "cli-progress";

export function showProgress(
  name: string,
  total: number,
  unit = "files",
): { update: (seen: number) => void; stop: () => void } {
  if (!process.stderr.isTTY) {
    let nextQuarter = 1;
    console.error(`${name}: ${total.toLocaleString("en")} ${unit}`);
    return {
      update: (seen) => {
        for (; seen * 4 >= nextQuarter * total && nextQuarter <= 4; nextQuarter++)
          console.error(`${name}: ${nextQuarter * 25} %`);
      },
      stop: () => undefined,
    };
  }
  const width = process.stderr.columns ?? 80;
  const bar = new SingleBar(
    {
      format: `${name.padEnd(9)} {bar} {percentage} % {value}/{total}${width > 70 ? ` ${unit}` : ""}`,
      barsize: Math.max(8, Math.min(40, width - 45)),
      hideCursor: true,
      linewrap: false,
      gracefulExit: false, // main() cancels, and `stop` restores the terminal
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (seen) => bar.update(seen), stop: () => bar.stop() };
}
