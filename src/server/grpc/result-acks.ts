import type { BinaryWriter } from "../../../proto/wire.ts";
import { refused } from "../queue/errors.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import type { IdWriter } from "./assignment.ts";
import type { ResultRequest } from "./result-request.ts";

/** What became of a result. */
export type ResultAnswer = Pick<ResultRequest, "key" | "strangeId" | "outcome">;

/** Acks of results, written to the wire by hand for the reason that `Assignment` is. */
export class ResultAcks {
  readonly #answers: readonly ResultAnswer[];
  readonly #asBatch: boolean;
  readonly #ids: IdWriter;

  /** @param asBatch else there is one answer */
  constructor(answers: readonly ResultAnswer[], asBatch: boolean, ids: IdWriter) {
    this.#answers = answers;
    this.#asBatch = asBatch;
    this.#ids = ids;
  }

  /** Writes a workerpb.ServerEvent. */
  encode(writer: BinaryWriter): BinaryWriter {
    if (this.#asBatch) writer.uint32(SERVER_EVENT.resultAckBatch).fork();
    for (const answer of this.#answers) {
      writer.uint32(this.#asBatch ? BATCH_ACKS : SERVER_EVENT.resultAck).fork();
      this.#writeAck(writer, answer);
      writer.join();
    }
    return this.#asBatch ? writer.join() : writer;
  }

  #writeAck(writer: BinaryWriter, { key, strangeId, outcome = NO_ANSWER }: ResultAnswer): void {
    if (key !== undefined) {
      const start = writer.uint32(ACK.taskId).ascii(TASK_ID_BYTES);
      this.#ids.writeId({ key }, writer.buffer, start);
    } else if (strangeId !== "") writer.uint32(ACK.taskId).string(strangeId);
    if (outcome.ok) writer.uint32(ACK.ok).bool(true);
    else writer.uint32(ACK.errorMessage).string(outcome.error.message).uint32(ACK.errorCode).string(outcome.error.code);
  }
}

/** Which should not happen. */
const NO_ANSWER = refused("INTERNAL", "no answer");

/** Tags: field number times eight, and 2 for what has a length, 0 for numbers. */
const SERVER_EVENT = { resultAck: 3 * 8 + 2, resultAckBatch: 9 * 8 + 2 } as const;
const BATCH_ACKS = 1 * 8 + 2;
const ACK = { taskId: 1 * 8 + 2, ok: 2 * 8, errorMessage: 3 * 8 + 2, errorCode: 4 * 8 + 2 } as const;
