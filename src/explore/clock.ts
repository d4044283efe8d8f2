/** `#clock` under exploration: announces each operation, then does it. */
import * as real from "../core/clock.js";
import { controlled } from "./controlled.js";
import { announce } from "./listener.js";

export { Alarm, type Clock, stopAlarm, useClock } from "../core/clock.js";

export const nowMs: typeof real.nowMs = () => {
  const run = controlled;
  if (run?.current !== undefined && run.current.index !== 0)
    return run.hasLearned() ? (run.learned() as number) : run.learns(run.nowMs);
  announce({ seam: "clock", name: "nowMs" });
  return real.nowMs();
};

export const setAlarm: typeof real.setAlarm = (ring, delayMs) => {
  announce({ seam: "clock", name: "setAlarm" });
  return real.setAlarm(() => {
    announce({ seam: "clock", name: "ring" });
    ring();
  }, delayMs);
};

export const setIdleAlarm: typeof real.setIdleAlarm = (ring, delayMs) => {
  announce({ seam: "clock", name: "setIdleAlarm" });
  return real.setIdleAlarm(() => {
    announce({ seam: "clock", name: "ring" });
    ring();
  }, delayMs);
};

export const startAlarm: typeof real.startAlarm = (alarm, delayMs) => {
  real.startAlarmBy(setAlarm, alarm, delayMs);
};

export const setTurn: typeof real.setTurn = (run) => {
  announce({ seam: "clock", name: "setTurn" });
  return real.setTurn(() => {
    announce({ seam: "clock", name: "ring" });
    run();
  });
};

/** Each look at the clock is a step by itself: nothing looks later, for several. */
export const isHostTime: typeof real.isHostTime = () => false;
export const atEndOfTurn: typeof real.atEndOfTurn = () => false;

/** Threads under exploration sleep in appearance only, and may be left for good where they hold the process. */
export const holdProcess: typeof real.holdProcess = () =>
  controlled?.current === undefined ? real.holdProcess() : () => undefined;
