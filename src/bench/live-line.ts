import type { BenchIo } from "./bench-io.ts";
import type { Progress, RunPhase, RunWatch } from "./run/run-settings.ts";

/**
 * Shows on standard error how a run gets on: on a terminal in one line that is written over, elsewhere in a plain line
 * now and then. The report on standard output stays clean.
 */
export class LiveLine implements RunWatch {
  readonly #io: BenchIo;
  readonly #overwrites: boolean;
  #title = "";
  #phase: RunPhase = "starting";
  #unit = "";
  #lastShownMs = 0;

  constructor(io: BenchIo, isTerminal: boolean) {
    this.#io = io;
    this.#overwrites = isTerminal;
  }

  /** @param title of the run that begins, such as `c=32 (3 of 8)` */
  begin(title: string, unit: string): void {
    this.#title = title;
    this.#unit = unit;
  }

  readonly phase = (phase: RunPhase): void => {
    this.#phase = phase;
    // What comes first is shown at once, however young the process is.
    this.#lastShownMs = Number.NEGATIVE_INFINITY;
    if (this.#overwrites) this.#overwrite(`${this.#title}  ${phase}`);
  };

  readonly progress = ({ perSecond, p99Ms, depth, leftMs }: Progress): void => {
    const nowMs = performance.now();
    if (nowMs - this.#lastShownMs < (this.#overwrites ? 0 : PLAIN_STEP_MS)) return;
    this.#lastShownMs = nowMs;
    const p99 = p99Ms === undefined ? "" : `  p99 ${p99Ms.toFixed(1)} ms`;
    const rate = `${Math.round(perSecond).toLocaleString("en-US")} ${this.#unit}`;
    const rest = `depth ${depth.toLocaleString("en-US")}  ${(leftMs / 1000).toFixed(1)} s left`;
    const text = `${this.#title}  ${this.#phase}  ${rate}${p99}  ${rest}`;
    if (this.#overwrites) this.#overwrite(text);
    else this.#io.warn(`${text}\n`);
  };

  /** Takes the line away. */
  clear(): void {
    if (this.#overwrites) this.#overwrite("");
  }

  #overwrite(text: string): void {
    this.#io.warn(`\r\u001B[2K${text}`);
  }
}

const PLAIN_STEP_MS = 2000;
