import { expect, test } from "bun:test";
import { ServerEvent } from "../../../proto/generated/worker.ts";
import { BinaryWriter } from "../../../proto/wire.ts";
import type { Task } from "../queue/task.ts";
import { formatTaskId, type TaskIdSeed, writeTaskId } from "../queue/task-id.ts";
import { Assignment, assignmentBytes, type IdWriter } from "./assignment.ts";

const TASK: Task = {
  key: { shard: 0, sequence: 1 },
  tenant: "acme",
  command: "RENDER",
  payload: '{"text":"é😀"}',
  priority: 7,
  webhook: "https://example.org/hook",
  trace: { traceParent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, traceState: "vendor=1" },
  maxAttempts: 5,
  attempts: 2,
  state: "leased",
  worker: "worker-ü",
  leaseUntilMs: 1_784_548_860_999,
  error: undefined,
  result: undefined,
  createdMs: 1_784_548_800_250,
  updatedMs: 1_784_548_801_000,
};
const SEED: TaskIdSeed = [1, 2];
const ids: IdWriter = { writeId: ({ key }, target, start) => writeTaskId(key, SEED, target, start) };

const BARE: Task = {
  ...TASK,
  payload: "0",
  priority: 0,
  webhook: undefined,
  trace: undefined,
  maxAttempts: 2 ** 31 - 1,
};

function message(task: Task) {
  return {
    id: formatTaskId(task.key, SEED),
    command: task.command,
    payload: Buffer.from(task.payload),
    priority: task.priority,
    webhook: task.webhook ?? "",
    maxAttempts: task.maxAttempts,
    status: "IN_PROGRESS",
    workerId: task.worker ?? "",
    leaseUntil: "2026-07-20T12:01:00Z",
    attempts: task.attempts,
    tenantId: task.tenant,
    createdAt: new Date(task.createdMs),
    updatedAt: new Date(task.updatedMs),
    traceParent: task.trace?.traceParent ?? "",
    traceState: task.trace?.traceState ?? "",
  };
}

test.each([TASK, BARE])("a task reads as it was written", (task) => {
  const bytes = new Assignment([task], false, ids).encode(new BinaryWriter()).finish();
  expect(ServerEvent.decode(bytes)).toEqual({ event: { $case: "task", value: { task: message(task) } } });
});

test("several read as a batch, in order, and so does one that has to", () => {
  const tasks = [
    TASK,
    ...Array.from({ length: 5 }, (_, number) => ({ ...TASK, payload: `${number}` })),
    { ...BARE, key: { shard: 1, sequence: 2 ** 50 } },
    { ...BARE, tenant: "other" },
    { ...TASK, payload: JSON.stringify("x".repeat(70_000)) },
    { ...TASK, webhook: undefined },
    { ...TASK, worker: "another" },
    { ...TASK, worker: "another", attempts: 3 },
    { ...TASK, worker: "another", attempts: 3, updatedMs: 1 },
  ];
  for (const some of [tasks, tasks.slice(0, 1)]) {
    const bytes = new Assignment(some, true, ids).encode(new BinaryWriter()).finish();
    const expected = some.map(message);
    expect(ServerEvent.decode(bytes)).toEqual({ event: { $case: "taskBatch", value: { tasks: expected } } });
  }
});

test("the room for a task is enough for it", () => {
  const traced = { ...BARE, trace: { traceParent: "p".repeat(55), traceState: "s".repeat(512) } };
  const untold = { ...BARE, trace: { traceParent: "p".repeat(55), traceState: undefined } };
  for (const task of [
    TASK,
    BARE,
    traced,
    untold,
    { ...TASK, payload: JSON.stringify("é".repeat(5000)), tenant: "t".repeat(63) },
  ]) {
    const bytes = new Assignment([task], true, ids).encode(new BinaryWriter()).finish();
    expect(bytes.length).toBeLessThanOrEqual(assignmentBytes(task));
  }
});
