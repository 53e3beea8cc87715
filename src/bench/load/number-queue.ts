/** First in, first out, in an array that grows when it has to: no object for each entry. */
export class NumberQueue {
  #ring = new Float64Array(64);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = value;
    this.#size += 1;
  }

  shift(): number | undefined {
    if (this.#size === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    return value;
  }

  /** @param place from the head, 0 on */
  at(place: number): number | undefined {
    return place < this.#size ? this.#ring[(this.#head + place) & (this.#ring.length - 1)] : undefined;
  }

  /** @param place from the head, 0 on */
  set(place: number, value: number): void {
    if (place < this.#size) this.#ring[(this.#head + place) & (this.#ring.length - 1)] = value;
  }

  #grow(): void {
    const grown = new Float64Array(this.#ring.length * 2);
    for (let place = 0; place < this.#size; place += 1) grown[place] = this.at(place) ?? 0;
    this.#ring = grown;
    this.#head = 0;
  }
}
