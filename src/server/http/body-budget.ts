import { CodeqError } from "../queue/errors.ts";

/** Bodies of the largest size that may be in memory at the same time; of smaller ones accordingly more. */
const LARGEST_BODIES = 16;

/** What all request bodies being read may take in memory, however many clients send at once. */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bodyBytesMax the limit of a single body */
  constructor(bodyBytesMax: number) {
    this.#bytesMax = bodyBytesMax * LARGEST_BODIES;
  }

  /**
   * Every reservation must be released.
   * @throws CodeqError RESOURCE_EXHAUSTED, and then nothing is reserved
   */
  reserve(bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax) {
      throw new CodeqError(
        "RESOURCE_EXHAUSTED",
        `request bodies under way are over the limit of ${this.#bytesMax} bytes`,
      );
    }
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
