/** Hands out random hex digits from a pool: asking the system for each request would cost more than the request's id. */
export class RandomHex {
  readonly #fill: (bytes: Uint8Array) => void;
  readonly #pool = Buffer.alloc(4096);
  #next = this.#pool.length;

  /** @param fill puts random bytes into all of an array */
  constructor(fill: (bytes: Uint8Array) => void) {
    this.#fill = fill;
  }

  /** @param bytes at most 4096; the text is twice as long */
  take(bytes: number): string {
    if (this.#next + bytes > this.#pool.length) {
      this.#fill(this.#pool);
      this.#next = 0;
    }
    const start = this.#next;
    this.#next += bytes;
    return this.#pool.toString("hex", start, this.#next);
  }
}
