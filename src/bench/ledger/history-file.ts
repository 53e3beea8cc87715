import type { Operation } from "./operation.ts";

/** One line of JSON for each operation, to be kept when a run broke a promise. Infinity becomes null there. */
export function* historyLines(operations: Iterable<Operation>): Generator<string> {
  for (const operation of operations) yield `${JSON.stringify(operation)}\n`;
}
