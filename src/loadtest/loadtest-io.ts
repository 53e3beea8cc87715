/** What the command may do to the world around it. */
export interface LoadtestIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}
