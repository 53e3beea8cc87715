import pino from "pino";

export interface LogOutput {
  write(line: string): void;
  /** Before the process ends. */
  flush(): void;
}

/** A reader that does not keep up costs lines, never memory without end nor a server that stands still. */
const BUFFER_BYTES_MAX = 4 * 1024 * 1024;

/** @param descriptor an open file, 1 for standard output */
export function openLogOutput(descriptor: number): LogOutput {
  const destination = pino.destination({ dest: descriptor, sync: false, maxLength: BUFFER_BYTES_MAX });
  // A reader that is gone must not end the server; there is nowhere to report it either.
  destination.on("error", () => undefined);
  return {
    write: (line) => destination.write(line),
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // The reader is gone.
      }
    },
  };
}
