/** A request with what became of it. */
interface Answered<Outcome> {
  /** Undefined while it is not known. */
  outcome: Outcome | undefined;
}

/** Tells requests what became of each. Without pairs of index and request, which would be made for every task. */
export function giveOutcomes<Outcome>(requests: readonly Answered<Outcome>[], outcomes: readonly Outcome[]): void {
  for (let index = 0; index < requests.length; index += 1) {
    const request = requests[index];
    if (request !== undefined) request.outcome = outcomes[index];
  }
}
