import { byteAt, checkString, checkValue, NotJson, skipSpace } from "../json/json-scan.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, keyOf, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../json/json-text.ts";
import type { EnvelopeBounds, EnvelopeShape } from "./json-body.ts";
import { duplicateKey, listTooLong, notAnObject, protoKey } from "./unfit-body.ts";
import { ValueAllowance } from "./value-allowance.ts";

/**
 * Reads the envelope of a large body. What is in its raw members is checked and never built, and reading ends as soon
 * as the rest goes over a bound: no body must keep the server busy for seconds, or take many times its size in memory.
 */
export class LargeEnvelope {
  readonly #bytes: Buffer;
  readonly #shape: EnvelopeShape;
  readonly #bounds: EnvelopeBounds;
  readonly #allowance: ValueAllowance;
  #at = 0;

  constructor(text: string, shape: EnvelopeShape, bounds: EnvelopeBounds) {
    this.#bytes = Buffer.from(text);
    this.#shape = shape;
    this.#bounds = bounds;
    this.#allowance = new ValueAllowance(bounds.valuesMax);
  }

  /**
   * The object that the text must be.
   * @throws NotJson, UnfitBody, TooDeep
   * @throws CodeqError PAYLOAD_TOO_LARGE for too many values, INVALID_ARGUMENT for a list that is too long
   */
  read(): Record<string, unknown> {
    const isObject = this.#next() === OPEN_BRACE;
    const value = isObject ? this.#object(this.#shape.list) : this.#value(this.#allowance);
    this.#next();
    if (this.#at < this.#bytes.length) throw new NotJson();
    if (typeof value === "string") throw notAnObject();
    return value;
  }

  /** @param list the member whose elements are objects of the same kind */
  #object(list: EnvelopeShape["list"]): Record<string, unknown> {
    // An object that grows key by key, and is asked for each, takes ever longer.
    const members = new Map<string, unknown>();
    this.#at += 1;
    if (this.#next() === CLOSE_BRACE) {
      this.#at += 1;
      return {};
    }
    do {
      const key = this.#key();
      if (key === "__proto__") throw protoKey();
      if (members.has(key)) throw duplicateKey(key);
      members.set(key, this.#member(key, list));
    } while (this.#more(CLOSE_BRACE));
    return Object.fromEntries(members);
  }

  /** Takes a key and its colon. */
  #key(): string {
    if (this.#next() !== QUOTE) throw new NotJson();
    const start = this.#at;
    this.#at = checkString(this.#bytes, start, this.#bytes.length);
    const raw = this.#bytes.toString("utf8", start, this.#at);
    const key = keyOf(raw, 0, raw.length);
    if (this.#next() !== COLON) throw new NotJson();
    this.#at += 1;
    this.#next();
    return key;
  }

  #member(key: string, list: EnvelopeShape["list"]): unknown {
    const isList = key === list && this.#byte() === OPEN_BRACKET;
    if (key !== this.#shape.raw && !isList) return this.#built();
    this.#allowance.spend();
    return isList ? this.#list(key) : this.#value(undefined);
  }

  #list(name: string): unknown[] {
    const { itemsMax } = this.#bounds;
    const items: unknown[] = [];
    this.#at += 1;
    if (this.#next() === CLOSE_BRACKET) {
      this.#at += 1;
      return items;
    }
    do {
      if (items.length === itemsMax) throw listTooLong(name, `more than ${itemsMax}`, itemsMax);
      items.push(this.#item());
    } while (this.#more(CLOSE_BRACKET));
    return items;
  }

  #item(): unknown {
    if (this.#next() !== OPEN_BRACE) return this.#built();
    this.#allowance.spend();
    return this.#object(undefined);
  }

  /** What nobody keeps as text: few values, because they are counted. */
  #built(): unknown {
    return JSON.parse(this.#value(this.#allowance));
  }

  /** The text of the value that starts here. */
  #value(allowance: ValueAllowance | undefined): string {
    const start = this.#at;
    this.#at = checkValue(this.#bytes, start, this.#bytes.length, this.#bounds.depthMax, allowance);
    return this.#bytes.toString("utf8", start, this.#at);
  }

  /** Takes a comma, or the bracket that closes. */
  #more(closer: number): boolean {
    const next = this.#next();
    if (next !== COMMA && next !== closer) throw new NotJson();
    this.#at += 1;
    return next === COMMA;
  }

  /** What comes after white space, not yet taken; no byte at the end. */
  #next(): number {
    this.#at = skipSpace(this.#bytes, this.#at, this.#bytes.length);
    return this.#byte();
  }

  #byte(): number {
    return byteAt(this.#bytes, this.#at, this.#bytes.length);
  }
}
