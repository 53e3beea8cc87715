import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Timestamp } from "../../../proto/generated/google/protobuf/timestamp.ts";
import { CreateTask, ProducerEvent } from "../../../proto/generated/producer.ts";
import { BinaryWriter } from "../../../proto/wire.ts";
import { batchAmongNewFields } from "./batch-fixture.ts";
import type { CreateRequest } from "./create-request.ts";
import { readProducerInput } from "./producer-input.ts";
import { UnreadableMessage } from "./unreadable-message.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const text = fc.oneof(fc.constant(""), fc.string({ unit: "binary", maxLength: 60 }));
const message = fc.record({
  seq: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  command: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).map((name) => `c${name}`),
  payload: fc.oneof(fc.constant(""), fc.json()).map((json) => Buffer.from(json)),
  priority: int32,
  webhook: text,
  maxAttempts: int32,
  idempotencyKey: text,
  runAt: fc.option(fc.date({ noInvalidDate: true }), { nil: undefined }),
  delaySeconds: fc.nat({ max: 2 ** 31 - 1 }),
  traceParent: text,
  traceState: text,
});

function creates(bytes: Buffer): readonly CreateRequest[] {
  const input = readProducerInput(bytes, 64);
  if (input?.kind !== "creates") throw new Error("no creates");
  return input.value;
}

/** What the hand-written reader makes of a message must be what the generated one does. */
function expected(task: CreateTask): CreateRequest {
  const orNone = (given: string): string | undefined => (given === "" ? undefined : given);
  return {
    seq: task.seq < 2n ** 49n ? Number(task.seq) : task.seq,
    command: task.command.trim(),
    payload: task.payload.length === 0 ? "null" : Buffer.from(task.payload).toString(),
    priority: task.priority,
    webhook: orNone(task.webhook),
    maxAttempts: task.maxAttempts,
    idempotencyKey: orNone(task.idempotencyKey),
    runAtMs: task.runAt?.getTime(),
    delayMs: task.delaySeconds === 0 ? undefined : task.delaySeconds * 1000,
    traceParent: orNone(task.traceParent),
    traceState: orNone(task.traceState),
    outcome: undefined,
  };
}

test("a create reads as the generated code reads it, alone and in a batch", () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), (tasks) => {
      const [first] = tasks;
      if (first === undefined) return;
      const single = ProducerEvent.encode({ event: { $case: "create", value: first } }).finish();
      const batch = ProducerEvent.encode({ event: { $case: "createBatch", value: { tasks } } }).finish();
      const decode = (task: CreateTask): CreateTask => CreateTask.decode(CreateTask.encode(task).finish());
      expect(creates(single)).toEqual([expected(decode(first))]);
      expect(creates(batch)).toEqual(tasks.map((task) => expected(decode(task))));
    }),
  );
});

test.each([
  [{}, "command is required"],
  [{ command: " \t" }, "command is required"],
  [{ command: "c", payload: Buffer.from("{") }, "invalid payload: not valid JSON"],
  [{ command: "c", payload: Buffer.from([0x22, 0xff, 0x22]) }, "invalid payload: not valid UTF-8"],
  [
    { command: "c", payload: Buffer.from("[".repeat(65) + "]".repeat(65)) },
    "invalid payload: nested deeper than 64 levels",
  ],
  [{ command: "c", delaySeconds: -1 }, "delaySeconds must be >= 0"],
])("%j cannot be created: %s", (given, reason) => {
  const value = { ...CreateTask.decode(Buffer.alloc(0)), ...given };
  const [request] = creates(ProducerEvent.encode({ event: { $case: "create", value } }).finish());
  expect(request?.outcome).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT", message: reason } });
});

test("a time that no calendar has cannot be meant", () => {
  const writer = new BinaryWriter();
  writer.uint32(18).fork().uint32(18).string("c");
  Timestamp.encode({ seconds: 2n ** 60n, nanos: 0 }, writer.uint32(66).fork()).join();
  const [request] = creates(writer.join().finish());
  expect(request?.outcome).toMatchObject({ ok: false, error: { message: "run_at is out of range" } });
});

test("of fields that nobody knows nothing is made, whatever bytes come", () => {
  const unknown = new BinaryWriter()
    .uint32(99 * 8)
    .uint32(5)
    .finish();
  const known = ProducerEvent.encode({
    event: { $case: "create", value: { ...CreateTask.decode(Buffer.alloc(0)), command: "c" } },
  });
  expect(creates(Buffer.concat([unknown, known.finish(), unknown]))).toMatchObject([
    { command: "c", outcome: undefined },
  ]);
  expect(readProducerInput(unknown, 64)).toBeUndefined();
  const batch = batchAmongNewFields(26, (item) => item.uint32(18).string("c"));
  expect(creates(batch)).toMatchObject([{ command: "c", outcome: undefined }]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(10, 18, 26, undefined), (bytes, tag) => {
      const all = tag === undefined ? bytes : [tag, bytes.length, ...bytes];
      try {
        readProducerInput(Buffer.from(all), 64);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableMessage);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a nested message that goes on behind the one around it is unreadable", () => {
  for (const bytes of [
    [18, 2, 18, 5, 0x63, 0x63],
    [18, 200, 1],
    [26, 3, 10, 5, 18],
  ]) {
    expect(() => readProducerInput(Buffer.from(bytes), 64)).toThrow(UnreadableMessage);
  }
});
