import type { BinaryWriter } from "../../../proto/wire.ts";
import type { Task, TraceContext } from "../queue/task.ts";
import { TASK_ID_BYTES } from "../queue/task-id.ts";
import type { TaskQueue } from "../queue/task-queue.ts";
import { formatRfc3339Seconds } from "../rfc3339.ts";

/** The queue whose tasks they are. */
export type IdWriter = Pick<TaskQueue, "writeId">;

/**
 * The answer to one Ready. Written to the wire by hand, from the tasks as they are: through the generated code, with a
 * message object, a Date and a big integer for every task, it took three times as long, a tenth of the whole server.
 */
export class Assignment {
  readonly tasks: readonly Task[];
  readonly #asBatch: boolean;
  readonly #ids: IdWriter;

  /** @param asBatch even if it is one task */
  constructor(tasks: readonly Task[], asBatch: boolean, ids: IdWriter) {
    this.tasks = tasks;
    this.#asBatch = asBatch;
    this.#ids = ids;
  }

  /** Writes a workerpb.ServerEvent. */
  encode(writer: BinaryWriter): BinaryWriter {
    const [first] = this.tasks;
    // One claim, one lease.
    const leaseUntil = first?.leaseUntilMs === undefined ? "" : formatRfc3339Seconds(first.leaseUntilMs);
    let last: Task | undefined;
    let deliveryStart = 0;
    let deliveryEnd = 0;
    writer.uint32(this.#asBatch ? SERVER_EVENT.taskBatch : SERVER_EVENT.task).fork();
    for (const task of this.tasks) {
      // TaskAssignment.task and TaskBatch.tasks have the same tag.
      writer.uint32(10).fork();
      const start = writer.uint32(TASK.id).ascii(TASK_ID_BYTES);
      this.#ids.writeId(task, writer.buffer, start);
      writeOwn(writer, task);
      const deliveryBegan = writer.pos;
      if (last !== undefined && isDeliveredAlike(task, last)) writer.again(deliveryStart, deliveryEnd);
      else writeDelivery(writer, task, leaseUntil);
      last = task;
      const written = writer.pos;
      writer.join();
      // The length of the task may have pushed it on.
      deliveryEnd = writer.pos;
      deliveryStart = deliveryEnd - (written - deliveryBegan);
    }
    return writer.join();
  }
}

/** Tags: field number times eight, and 2 for what has a length, 0 for numbers. */
const SERVER_EVENT = { task: 2 * 8 + 2, taskBatch: 8 * 8 + 2 } as const;
const TASK = {
  id: 1 * 8 + 2,
  command: 2 * 8 + 2,
  payload: 3 * 8 + 2,
  priority: 4 * 8,
  webhook: 5 * 8 + 2,
  maxAttempts: 6 * 8,
  status: 7 * 8 + 2,
  workerId: 8 * 8 + 2,
  leaseUntil: 9 * 8 + 2,
  attempts: 10 * 8,
  tenantId: 11 * 8 + 2,
  createdAt: 12 * 8 + 2,
  updatedAt: 13 * 8 + 2,
  traceParent: 14 * 8 + 2,
  traceState: 15 * 8 + 2,
} as const;

/** What tasks do not share, but for the id. */
function writeOwn(writer: BinaryWriter, task: Task): void {
  writer.uint32(TASK.command).string(task.command);
  writer.uint32(TASK.payload).string(task.payload);
  if (task.priority !== 0) writer.uint32(TASK.priority).int32(task.priority);
  if (task.webhook !== undefined) writer.uint32(TASK.webhook).string(task.webhook);
  writeTimestamp(writer.uint32(TASK.createdAt).fork(), task.createdMs);
  if (task.trace === undefined) return;
  const { traceParent, traceState } = task.trace;
  writer.uint32(TASK.traceParent).string(traceParent);
  if (traceState !== undefined) writer.uint32(TASK.traceState).string(traceState);
}

/** Mostly the same for all tasks of a claim, so that it is written once and then copied. */
function writeDelivery(writer: BinaryWriter, task: Task, leaseUntil: string): void {
  writer.uint32(TASK.maxAttempts).int32(task.maxAttempts).uint32(TASK.status).string("IN_PROGRESS");
  if (task.worker !== undefined) writer.uint32(TASK.workerId).string(task.worker);
  writer.uint32(TASK.leaseUntil).string(leaseUntil).uint32(TASK.attempts).int32(task.attempts);
  writer.uint32(TASK.tenantId).string(task.tenant);
  writeTimestamp(writer.uint32(TASK.updatedAt).fork(), task.updatedMs);
}

function isDeliveredAlike(a: Task, b: Task): boolean {
  return (
    a.maxAttempts === b.maxAttempts &&
    a.attempts === b.attempts &&
    a.updatedMs === b.updatedMs &&
    a.worker === b.worker &&
    a.tenant === b.tenant
  );
}

/** Seconds and nanoseconds. */
function writeTimestamp(writer: BinaryWriter, ms: number): void {
  writer.uint32(8).uint32(Math.floor(ms / 1000));
  writer.uint32(16).uint32((ms % 1000) * 1e6);
  writer.join();
}

/** Room for a task in a message: at least what it needs. */
export function assignmentBytes(task: Task): number {
  const units = task.command.length + (task.webhook?.length ?? 0) + (task.worker?.length ?? 0);
  return FIXED_BYTES + units * 3 + textBytes(task.payload) + (task.trace === undefined ? 0 : traceBytes(task.trace));
}

function traceBytes({ traceParent, traceState }: TraceContext): number {
  return TRACE_FIXED_BYTES + (traceParent.length + (traceState?.length ?? 0)) * 3;
}

/** Counts only where it makes a difference: a UTF-16 unit is at most three bytes. */
function textBytes(text: string): number {
  return text.length <= SMALL_UNITS ? text.length * 3 : Buffer.byteLength(text);
}

const SMALL_UNITS = 1024;
/** Id, tenant, status, times and numbers, with their tags and lengths. */
const FIXED_BYTES = 320;
const TRACE_FIXED_BYTES = 8;
