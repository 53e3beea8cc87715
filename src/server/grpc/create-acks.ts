import type { BinaryWriter } from "../../../proto/wire.ts";
import type { CreatedTask } from "../queue/created-task.ts";
import type { Outcome } from "../queue/errors.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import { Acks, NO_ANSWER } from "./acks.ts";

/** What became of one task that was asked for. */
export interface CreateAnswer {
  /** The producer's number for it. */
  readonly seq: number | bigint;
  /** Undefined when nobody knows, which should not happen. */
  readonly outcome: Outcome<CreatedTask> | undefined;
}

/** Acks of creates, in a producerpb.ServerEvent. */
export class CreateAcks extends Acks<CreateAnswer> {
  protected readonly tags = SERVER_EVENT;

  protected writeAck(writer: BinaryWriter, { seq, outcome = NO_ANSWER }: CreateAnswer): void {
    if (seq !== 0) writer.uint32(ACK.seq).uint64(seq);
    if (outcome.ok) {
      const created = outcome.value;
      const start = writer.uint32(ACK.ok).bool(true).uint32(ACK.taskId).ascii(TASK_ID_BYTES);
      this.ids.writeId(created, writer.buffer, start);
      if (created.replayed) writer.uint32(ACK.replayed).bool(true);
    } else {
      writer.uint32(ACK.errorMessage).string(outcome.error.message).uint32(ACK.errorCode).string(outcome.error.code);
    }
  }
}

/** Tags: field number times eight, and 2 for what has a length, 0 for numbers. */
const SERVER_EVENT = { one: 2 * 8 + 2, batch: 4 * 8 + 2 } as const;
const ACK = {
  seq: 1 * 8,
  ok: 2 * 8,
  taskId: 3 * 8 + 2,
  errorMessage: 4 * 8 + 2,
  replayed: 5 * 8,
  errorCode: 6 * 8 + 2,
} as const;
