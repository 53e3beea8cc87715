import type { BinaryWriter } from "../../../proto/wire.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import { type Outcome, refused } from "../queue/errors.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import type { IdWriter } from "./assignment.ts";

/** What became of one task that was asked for. */
export interface CreateAnswer {
  /** The producer's number for it. */
  readonly seq: number | bigint;
  /** Undefined when nobody knows, which should not happen. */
  readonly outcome: Outcome<CreatedTask> | undefined;
}

/** Acks of creates, written to the wire by hand for the reason that `Assignment` is. */
export class CreateAcks {
  readonly #answers: readonly CreateAnswer[];
  readonly #asBatch: boolean;
  readonly #ids: IdWriter;

  /** @param asBatch else there is one answer */
  constructor(answers: readonly CreateAnswer[], asBatch: boolean, ids: IdWriter) {
    this.#answers = answers;
    this.#asBatch = asBatch;
    this.#ids = ids;
  }

  /** Writes a producerpb.ServerEvent. */
  encode(writer: BinaryWriter): BinaryWriter {
    if (this.#asBatch) writer.uint32(SERVER_EVENT.createAckBatch).fork();
    for (const answer of this.#answers) {
      writer.uint32(this.#asBatch ? BATCH_ACKS : SERVER_EVENT.createAck).fork();
      this.#writeAck(writer, answer);
      writer.join();
    }
    return this.#asBatch ? writer.join() : writer;
  }

  #writeAck(writer: BinaryWriter, { seq, outcome = NO_ANSWER }: CreateAnswer): void {
    if (seq !== 0) writer.uint32(ACK.seq).uint64(seq);
    if (outcome.ok) {
      const created = outcome.value;
      const start = writer.uint32(ACK.ok).bool(true).uint32(ACK.taskId).ascii(TASK_ID_BYTES);
      this.#ids.writeId(created, writer.buffer, start);
      if (created.replayed) writer.uint32(ACK.replayed).bool(true);
    } else {
      writer.uint32(ACK.errorMessage).string(outcome.error.message).uint32(ACK.errorCode).string(outcome.error.code);
    }
  }
}

/** Which should not happen. */
const NO_ANSWER = refused("INTERNAL", "no answer");

/** Tags: field number times eight, and 2 for what has a length, 0 for numbers. */
const SERVER_EVENT = { createAck: 2 * 8 + 2, createAckBatch: 4 * 8 + 2 } as const;
const BATCH_ACKS = 1 * 8 + 2;
const ACK = {
  seq: 1 * 8,
  ok: 2 * 8,
  taskId: 3 * 8 + 2,
  errorMessage: 4 * 8 + 2,
  replayed: 5 * 8,
  errorCode: 6 * 8 + 2,
} as const;
