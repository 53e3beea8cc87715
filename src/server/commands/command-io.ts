import type { Environment } from "../config/layers.ts";
import type { WriteSome } from "../log-output.ts";

/** What a command may do to the world around it. */
export interface CommandIo {
  readonly env: Environment;
  /** Whether standard output is one. */
  readonly isTerminal: boolean;
  /** Whether standard error is one. */
  readonly errorIsTerminal: boolean;
  /** To standard output, without waiting for a reader that stands still. */
  readonly writeSome: WriteSome;
  /** To standard output. */
  readonly print: (text: string) => void;
  /** To standard error. */
  readonly warn: (text: string) => void;
  /** The exit code once everything is done; 0 when nothing else is said. */
  readonly setExitCode: (code: number) => void;
  /** Ends the process on the spot. */
  readonly exit: (code: number) => void;
}
