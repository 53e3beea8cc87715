import { NumberQueue } from "./number-queue.ts";
import { readIdWords, sameWords } from "./task-id-words.ts";
import { ROW, type TaskRows } from "./task-rows.ts";

/**
 * The results of one stream that are not acknowledged yet. Acks name the task's id; as they mostly come in the order of
 * the results, looking at the oldest is nearly always enough.
 */
export class ResultRing {
  readonly #rows: TaskRows;
  readonly #tags = new NumberQueue();
  readonly #id = new Int32Array(4);
  #waiting = 0;

  constructor(rows: TaskRows) {
    this.#rows = rows;
  }

  get waiting(): number {
    return this.#waiting;
  }

  sent(tag: number): void {
    this.#tags.push(tag);
    this.#waiting += 1;
  }

  /**
   * @param idAt where the 36 characters of the id begin in `bytes`
   * @returns the tag, or undefined for an ack that nothing waits for
   */
  answered(bytes: Uint8Array, idAt: number): number | undefined {
    readIdWords(bytes, idAt, this.#id, 0);
    for (let place = 0; place < this.#tags.size; place += 1) {
      const tag = this.#tags.at(place) ?? GONE;
      if (tag === GONE || !sameWords(this.#rows.words, this.#rows.at(tag) + ROW.deliveredId, this.#id, 0)) continue;
      this.#tags.set(place, GONE);
      while (this.#tags.at(0) === GONE) this.#tags.shift();
      this.#waiting -= 1;
      return tag;
    }
    return undefined;
  }
}

const GONE = -1;
