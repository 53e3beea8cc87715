/**
 * Finds proof of a broken order in what one worker gets, one task after the other: a task that was in the queue already
 * when this worker was handed one of lower priority. Both times are the server's, so the clock of this machine does not
 * matter; the tolerance is for what the server does between the time it stamps and the commit.
 */
export class InversionWatch {
  #toleranceMs;
  /** When a task of this priority was last handed out. */
  #lastClaimMs = Array.from({ length: 10 }, () => Number.NEGATIVE_INFINITY);

  constructor(toleranceMs) {
    this.#toleranceMs = toleranceMs;
  }

  /** @returns whether a task of lower priority was preferred to this one */
  passedOver({ priority, createdMs, claimedMs, attempts }) {
    this.#lastClaimMs[priority] = claimedMs;
    // What came back from another worker was not there all the time.
    if (attempts > 1) return false;
    const lowerMs = Math.max(Number.NEGATIVE_INFINITY, ...this.#lastClaimMs.slice(0, priority));
    return lowerMs - createdMs > this.#toleranceMs;
  }
}
