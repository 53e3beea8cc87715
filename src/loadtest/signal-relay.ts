import { readFileSync } from "node:fs";

/** While it exists, signals to this process go to somebody else, and do not end it. */
export class SignalRelay implements Disposable {
  readonly #signals: readonly NodeJS.Signals[] = hangupIsIgnored()
    ? ["SIGINT", "SIGTERM"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  #received: NodeJS.Signals | undefined;
  #receiver: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const signal of this.#signals) process.on(signal, this.#pass);
  }

  /** From now on, and at once if one came before. */
  passTo(receiver: (signal: NodeJS.Signals) => void): void {
    this.#receiver = receiver;
    if (this.#received !== undefined) receiver(this.#received);
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) process.off(signal, this.#pass);
  }

  readonly #pass = (signal: NodeJS.Signals): void => {
    // A terminal that closes asks for the same as one that stays; k6 would die of it without a verdict.
    this.#received = signal === "SIGHUP" ? "SIGTERM" : signal;
    this.#receiver?.(this.#received);
  };
}

/** Under `nohup`, where listening to the signal would undo what was asked for. */
function hangupIsIgnored(): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false; // a system without /proc
  }
}
