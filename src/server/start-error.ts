/** What the process's exit code tells. `codeq help` prints this table. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: "done, or drained after a signal" },
  failed: { code: 1, meaning: "an unexpected failure" },
  usage: { code: 2, meaning: "a command, flag, variable or setting is wrong" },
  address: { code: 3, meaning: "the address cannot be listened on, for example because it is in use" },
  data: { code: 4, meaning: "the data directory cannot be used: unwritable, full, or in use by another server" },
  damage: { code: 5, meaning: "the data in the directory is damaged, or written by a newer version" },
} as const;

export type StartFailure = Exclude<keyof typeof EXIT_CODES, "ok">;

/** Ends the start of a command with one line that says what to do about it. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  /** @param message one line, without secrets */
  constructor(failure: StartFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = EXIT_CODES[failure].code;
  }
}
