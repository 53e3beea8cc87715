import type { EmptyClaim, Operation, Tag } from "./operation.ts";
import { decodeRow, encodeRow, ROW_NUMBERS, Texts, taggedRow } from "./operation-row.ts";

const CHUNK_ROWS = 4096;

/**
 * Every operation of a run, each as a dozen numbers in a row instead of an object of several hundred bytes. Texts are
 * kept once, however often they come.
 */
export class Ledger {
  readonly #operationsMax: number;
  readonly #texts = new Texts();
  readonly #chunks: Float64Array[] = [];
  #size = 0;
  #tagEnd = 0;

  /** @param operationsMax how many it holds at most */
  constructor(operationsMax: number) {
    this.#operationsMax = operationsMax;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws RangeError when it is full, or for a tag that is not a whole number from 0 */
  add(operation: Operation): void {
    if (this.#size >= this.#operationsMax) {
      throw new RangeError(`the ledger is full: it holds at most ${this.#operationsMax} operations`);
    }
    if (operation.op !== "claim") {
      const { tag } = operation;
      if (!Number.isInteger(tag) || tag < 0) throw new RangeError(`a tag is a whole number from 0, not ${tag}`);
      this.#tagEnd = Math.max(this.#tagEnd, tag + 1);
    }
    if (this.#size % CHUNK_ROWS === 0) this.#chunks.push(new Float64Array(CHUNK_ROWS * ROW_NUMBERS));
    this.#row(this.#size).set(encodeRow(operation, this.#texts));
    this.#size += 1;
  }

  /** In the order they were added. */
  *operations(): Generator<Operation> {
    for (let index = 0; index < this.#size; index += 1) yield decodeRow(this.#row(index), this.#texts);
  }

  /** Task by task, the operations of each in the order they were added. */
  *tasks(): Generator<readonly Operation[]> {
    const { starts, rows } = this.#rowsByTag();
    for (let tag = 0; tag < this.#tagEnd; tag += 1) {
      const [start = 0, end = 0] = [starts[tag], starts[tag + 1]];
      if (start === end) continue;
      yield Array.from(rows.subarray(start, end), (index) => decodeRow(this.#row(index), this.#texts));
    }
  }

  /** Claims that brought nothing, for whatever reason. */
  *emptyClaims(): Generator<EmptyClaim> {
    for (let index = 0; index < this.#size; index += 1) {
      if (this.#tagAt(index) !== undefined) continue;
      const operation = decodeRow(this.#row(index), this.#texts);
      if (operation.op === "claim") yield operation;
    }
  }

  #row(index: number): Float64Array {
    const chunk = this.#chunks[Math.floor(index / CHUNK_ROWS)];
    if (chunk === undefined) throw new RangeError(`the ledger has no operation ${index}`);
    const start = (index % CHUNK_ROWS) * ROW_NUMBERS;
    return chunk.subarray(start, start + ROW_NUMBERS);
  }

  #tagAt(index: number): Tag | undefined {
    return taggedRow(this.#row(index));
  }

  /** A counting sort: `rows` from `starts[tag]` to `starts[tag + 1]` are the operations of that task. */
  #rowsByTag(): { readonly starts: Uint32Array; readonly rows: Uint32Array } {
    const starts = new Uint32Array(this.#tagEnd + 1);
    for (let index = 0; index < this.#size; index += 1) {
      const tag = this.#tagAt(index);
      if (tag !== undefined) starts[tag + 1] = (starts[tag + 1] ?? 0) + 1;
    }
    for (let tag = 0; tag < this.#tagEnd; tag += 1) starts[tag + 1] = (starts[tag + 1] ?? 0) + (starts[tag] ?? 0);
    const next = starts.slice();
    const rows = new Uint32Array(starts[this.#tagEnd] ?? 0);
    for (let index = 0; index < this.#size; index += 1) {
      const tag = this.#tagAt(index);
      if (tag === undefined) continue;
      const place = next[tag] ?? 0;
      rows[place] = index;
      next[tag] = place + 1;
    }
    return { starts, rows };
  }
}
