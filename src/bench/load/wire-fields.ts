/**
 * Walks over the fields of a protobuf message without making objects of them. After `next` the field's number is in
 * `field`; a length-delimited one lies from `start` to `end`, any other has its value in `value`.
 */
export class WireFields {
  field = 0;
  value = 0;
  start = 0;
  end = 0;
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #limit = 0;

  over(bytes: Uint8Array, start: number, end: number): this {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = end;
    return this;
  }

  /** @throws RangeError for what is not protobuf */
  next(): boolean {
    if (this.#at >= this.#limit) return false;
    const key = this.#varint();
    this.field = key >>> 3;
    this.value = 0;
    switch (key & 7) {
      case 0:
        this.value = this.#varint();
        return true;
      case 1:
        return this.#take(8);
      case 2:
        return this.#take(this.#varint());
      case 5:
        return this.#take(4);
      default:
        throw new RangeError(`wire type ${key & 7} is not known`);
    }
  }

  #take(bytes: number): boolean {
    this.start = this.#at;
    this.end = this.#at + bytes;
    this.#at = this.end;
    if (this.end > this.#limit) throw new RangeError("the message ends early");
    return true;
  }

  /** The low 32 bits; no field read here has more. */
  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError("a number of more than ten bytes");
  }
}

const EMPTY = new Uint8Array(0);
