import type { BinaryWriter } from "../../../proto/wire.ts";
import { refused } from "../queue/errors.ts";
import type { IdWriter } from "./assignment.ts";

/** Tags of a ServerEvent with one ack, and with a batch of them. */
export interface AckTags {
  readonly one: number;
  readonly batch: number;
}

/** Which should not happen. */
export const NO_ANSWER = refused("INTERNAL", "no answer");

/** Of CreateAckBatch.acks and ResultAckBatch.acks. */
const BATCH_ACKS = 1 * 8 + 2;

/** Acks, written to the wire by hand for the reason that `Assignment` is. */
export abstract class Acks<Answer> {
  protected readonly ids: IdWriter;
  protected abstract readonly tags: AckTags;
  readonly #answers: readonly Answer[];
  readonly #asBatch: boolean;

  /** @param asBatch else there is one answer */
  constructor(answers: readonly Answer[], asBatch: boolean, ids: IdWriter) {
    this.#answers = answers;
    this.#asBatch = asBatch;
    this.ids = ids;
  }

  /** Writes a ServerEvent. */
  encode(writer: BinaryWriter): BinaryWriter {
    if (this.#asBatch) writer.uint32(this.tags.batch).fork();
    for (const answer of this.#answers) {
      writer.uint32(this.#asBatch ? BATCH_ACKS : this.tags.one).fork();
      this.writeAck(writer, answer);
      writer.join();
    }
    return this.#asBatch ? writer.join() : writer;
  }

  protected abstract writeAck(writer: BinaryWriter, answer: Answer): void;
}
