/** What the bench may do to the world around it. */
export interface BenchIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether standard error is one. */
  readonly errorIsTerminal: boolean;
  /** To standard output. */
  readonly print: (text: string) => void;
  /** To standard error. */
  readonly warn: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}
