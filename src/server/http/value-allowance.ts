import { CodeqError } from "../queue/errors.ts";

/** How many more values a body may hold. */
export class ValueAllowance {
  readonly #max: number;
  #left: number;

  constructor(max: number) {
    this.#max = max;
    this.#left = max;
  }

  /** @throws CodeqError PAYLOAD_TOO_LARGE */
  spend(): void {
    this.#left -= 1;
    if (this.#left >= 0) return;
    throw new CodeqError(
      "PAYLOAD_TOO_LARGE",
      `request body holds more than ${this.#max} values, those in payloads and results aside`,
    );
  }
}
