import type { BinaryWriter } from "../../../proto/wire.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import { Acks, NO_ANSWER } from "./acks.ts";
import type { ResultRequest } from "./result-request.ts";

/** What became of a result. */
export type ResultAnswer = Pick<ResultRequest, "key" | "strangeId" | "outcome">;

/** Acks of results, in a workerpb.ServerEvent. */
export class ResultAcks extends Acks<ResultAnswer> {
  protected readonly tags = SERVER_EVENT;

  protected writeAck(writer: BinaryWriter, { key, strangeId, outcome = NO_ANSWER }: ResultAnswer): void {
    if (key !== undefined) {
      const start = writer.uint32(ACK.taskId).ascii(TASK_ID_BYTES);
      this.ids.writeId({ key }, writer.buffer, start);
    } else if (strangeId !== "") writer.uint32(ACK.taskId).string(strangeId);
    if (outcome.ok) writer.uint32(ACK.ok).bool(true);
    else writer.uint32(ACK.errorMessage).string(outcome.error.message).uint32(ACK.errorCode).string(outcome.error.code);
  }
}

/** Tags: field number times eight, and 2 for what has a length, 0 for numbers. */
const SERVER_EVENT = { one: 3 * 8 + 2, batch: 9 * 8 + 2 } as const;
const ACK = { taskId: 1 * 8 + 2, ok: 2 * 8, errorMessage: 3 * 8 + 2, errorCode: 4 * 8 + 2 } as const;
