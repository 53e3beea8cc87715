import { emitWarning } from "node:process";

/**
 * A callback of the user's that cannot break what calls it: whatever it throws or rejects with becomes a warning of the
 * process, with the error as its cause.
 */
export function guarded<Args extends readonly unknown[]>(
  name: string,
  callback: ((...args: Args) => unknown) | undefined,
): (...args: Args) => void {
  if (callback === undefined) return () => undefined;
  return (...args) => {
    try {
      const returned = callback(...args);
      // Declared to return nothing, an asynchronous one is taken all the same.
      if (returned instanceof Promise) returned.catch((error: unknown) => warn(name, error));
    } catch (error) {
      warn(name, error);
    }
  };
}

function warn(name: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const warning = new Error(`${name} threw: ${reason}`, { cause: error });
  warning.name = "CodeqWarning";
  emitWarning(warning);
}
