/** Time and chance, so that tests can decide both. */
export interface Timing {
  /** Milliseconds on a clock that never jumps. */
  readonly nowMs: () => number;
  /** From 0 up to, and without, 1. */
  readonly random: () => number;
  /** Calls back once; the returned function prevents that. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

export const machineTiming: Timing = {
  nowMs: () => performance.now(),
  random: () => Math.random(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
