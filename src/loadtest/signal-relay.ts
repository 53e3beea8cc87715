const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** While it exists, signals to this process go to somebody else, and do not end it. */
export class SignalRelay implements Disposable {
  #received: NodeJS.Signals | undefined;
  #receiver: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#pass);
  }

  /** Whether one came. */
  get received(): boolean {
    return this.#received !== undefined;
  }

  /** From now on, and at once if one came before. */
  passTo(receiver: (signal: NodeJS.Signals) => void): void {
    this.#receiver = receiver;
    if (this.#received !== undefined) receiver(this.#received);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) process.off(signal, this.#pass);
  }

  readonly #pass = (signal: NodeJS.Signals): void => {
    this.#received = signal;
    this.#receiver?.(signal);
  };
}
