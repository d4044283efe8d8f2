/**
 * Reading a measurement: what verdicts are made with.
 *
 * A verdict must rest on what was measured. Asking here for something that is not there
 * throws, and `judge` makes "inconclusive" of that, so no verdict can pass over a gap.
 */
import { number, type Sentence } from "../trace/words/language.js";
import type { Judgement, Lab, Lane, Measured, PhaseFacts } from "./lab.js";

/** From so many cores on somebody took them, and below that it is noise of the kernel's ticks. */
const TAKEN_FROM_CORES = 0.25;
/** With so much of a core unused, whoever wanted one could have had it. */
const IDLE_FROM_CORES = 0.35;

/** What of running at the same time is no chance of the clock's grain any more. */
const LEAST_AT_ONCE = 0.05;
const FLOOR_TIMES = 5;

/** Something that the verdict needs was not measured. */
class NotMeasured extends Error {
  readonly because: Sentence;
  constructor(because: Sentence) {
    super(because.en);
    this.because = because;
  }
}

export class Evidence {
  readonly measured: Measured;

  constructor(measured: Measured) {
    this.measured = measured;
  }

  get cores(): number {
    return this.measured.cores;
  }

  number(name: string): number {
    const value = this.measured.numbers[name];
    if (value === undefined || Number.isNaN(value)) {
      throw new NotMeasured({ en: `"${name}" was not measured`, ru: `«${name}» не измерено` });
    }
    return value;
  }

  phase(name: string): PhaseFacts {
    const found = this.phaseIfRun(name);
    if (found === undefined) {
      throw new NotMeasured({ en: `the part "${name}" did not run`, ru: `часть «${name}» не выполнялась` });
    }
    return found;
  }

  phaseIfRun(name: string): PhaseFacts | undefined {
    return this.measured.phases.find((phase) => phase.name === name);
  }

  lanes(phase: string): readonly Lane[] {
    const lanes = this.measured.lanes[phase];
    if (lanes === undefined || lanes.every(({ runs }) => runs.length === 0)) {
      throw new NotMeasured({
        en: `nobody was seen to run in the part "${phase}"`,
        ru: `в части «${phase}» никто не выполнялся`,
      });
    }
    return lanes;
  }

  /** Cores that the process kept busy on average. */
  coresBusy(phase: string): number {
    const { cpuMs, wallMs } = this.phase(phase);
    return wallMs <= 0 ? 0 : cpuMs / wallMs;
  }

  /** Who else worked on the cores in one of these phases, if somebody did: what is measured by the clock may then be off. */
  disturbance(...phases: readonly string[]): Sentence | undefined {
    const disturbed = phases
      .map((phase) => this.phase(phase))
      .find(({ othersCores }) => othersCores !== undefined && othersCores >= TAKEN_FROM_CORES);
    return disturbed === undefined ? undefined : takenBy(disturbed, this.cores);
  }

  /**
   * Why too few cores worked for the program in a phase, if that was not its own doing:
   * there is but one, or others had them. `undefined` if it could have had more.
   */
  coresMissing(phase: string): Sentence | undefined {
    if (this.cores < 2) {
      return {
        en: "this process may use one core only, so nothing can run in parallel here",
        ru: "этому процессу доступно только одно ядро, поэтому параллельного выполнения здесь быть не может",
      };
    }
    const facts = this.phase(phase);
    const { othersCores, idleCores, coreWaitMs, wallMs } = facts;
    if (othersCores !== undefined && idleCores !== undefined) {
      // Who leaves a core unused was not kept from it.
      return othersCores >= TAKEN_FROM_CORES && idleCores < IDLE_FROM_CORES ? takenBy(facts, this.cores) : undefined;
    }
    if (coreWaitMs === undefined) {
      return {
        en: "this platform does not tell who has the cores",
        ru: "эта платформа не сообщает, кем заняты ядра",
      };
    }
    if (coreWaitMs < TAKEN_FROM_CORES * wallMs) return undefined;
    const waited = Math.round(coreWaitMs);
    return {
      en: `threads stood ready for ${waited} ms without a core`,
      ru: `готовые к работе потоки ждали ядра ${waited} мс`,
    };
  }
}

/** Who has the cores. */
function takenBy({ othersCores = 0, neighbours }: PhaseFacts, cores: number): Sentence {
  const list = (language: "en" | "ru"): string =>
    neighbours
      .filter((one) => one.cores >= 0.05)
      .slice(0, 2)
      .map((one) => `${one.name} (pid ${one.pid}) ${number(round(one.cores), language)}`)
      .join(", ");
  const [en, ru] = [list("en"), list("ru")];
  return {
    en: `other processes used ${number(round(othersCores), "en")} of ${cores} cores meanwhile${en === "" ? "" : `: ${en}`}`,
    ru: `другие процессы занимали в это время ядер: ${number(round(othersCores), "ru")} из ${cores}${ru === "" ? "" : ` (${ru})`}`,
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The verdict of a lab on a measurement. */
export function judge(lab: Lab, measured: Measured): Judgement {
  try {
    return lab.judge(new Evidence(measured));
  } catch (error) {
    if (error instanceof NotMeasured) return inconclusive(error.because);
    throw error;
  }
}

export function shown(because: Sentence): Judgement {
  return { kind: "shown", because };
}

export function notShown(because: Sentence): Judgement {
  return { kind: "not-shown", because };
}

export function inconclusive(because: Sentence): Judgement {
  return { kind: "inconclusive", because };
}

/** Shown if it holds; else not shown, unless something else explains that. */
export function decide(holds: boolean, because: Sentence, excuse?: Sentence): Judgement {
  if (holds) return shown(because);
  if (excuse === undefined) return notShown(because);
  return inconclusive({ en: `${because.en}; but ${excuse.en}`, ru: `${because.ru}; но ${excuse.ru}` });
}

/**
 * Whether threads ran at the same time, by the share of the time for which several did.
 *
 * Where others kept the cores from them it can't be much, but what there was of it
 * happened: it counts if it is far from what is measured where it can't be.
 *
 * @param wanted - share that shows it where the cores were free
 * @param floor - share that was measured where threads could not run at the same time
 * @param missing - why there were too few cores, if that is so
 */
export function decideAtOnce(
  share: number,
  wanted: number,
  floor: number,
  because: Sentence,
  missing: Sentence | undefined,
): Judgement {
  const isSeen = share >= LEAST_AT_ONCE && share >= FLOOR_TIMES * floor;
  if (share >= wanted || missing === undefined || !isSeen) return decide(share >= wanted, because, missing);
  return shown({ en: `${because.en}, although ${missing.en}`, ru: `${because.ru}, хотя ${missing.ru}` });
}

/** The choice that a prediction's outcome is, if the measurement tells. */
export function outcomeOf(lab: Lab, measured: Measured): number | undefined {
  try {
    return lab.prediction.outcome(new Evidence(measured));
  } catch (error) {
    if (error instanceof NotMeasured) return undefined;
    throw error;
  }
}
