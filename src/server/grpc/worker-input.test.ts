import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Result, ServerEvent, WorkerEvent } from "../../../proto/generated/worker.ts";
import { BinaryWriter } from "../../../proto/wire.ts";
import { accepted, refused } from "../queue/errors.ts";
import { formatTaskId, readTaskId, type TaskIdSeed, writeTaskId } from "../queue/task-id.ts";
import { batchAmongNewFields } from "./batch-fixture.ts";
import { ResultAcks, type ResultAnswer } from "./result-acks.ts";
import type { IdReader, ResultRequest } from "./result-request.ts";
import { UnreadableMessage } from "./unreadable-message.ts";
import { readWorkerInput } from "./worker-input.ts";

const SEED: TaskIdSeed = [3, 4];
const ids: IdReader = {
  readId: (bytes, start) => readTaskId(bytes, start, SEED),
  idOf: ({ key }) => formatTaskId(key, SEED),
};
const KEY = { shard: 5, sequence: 2 ** 50 + 3 };
const OURS = formatTaskId(KEY, SEED);
const DONE: Result = { taskId: OURS, status: "COMPLETED", resultJson: Buffer.from('{"ok":true}'), error: "" };

function read(bytes: Buffer, depthMax = 64): readonly ResultRequest[] {
  const input = readWorkerInput(bytes, ids, depthMax);
  if (input?.kind !== "results") throw new Error("no results");
  return input.value;
}

function single(value: Result): Buffer {
  return WorkerEvent.encode({ event: { $case: "result", value } }).finish();
}

function shown({ key, id, state, result, error, outcome }: ResultRequest): object {
  return { key, id, state, result, error, outcome };
}

test("a result reads as it was written, alone and in a batch", () => {
  const failed = { ...DONE, status: "FAILED", error: "é", resultJson: Buffer.from('{"a":"é"}') };
  const strange = {
    ...DONE,
    taskId: OURS.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    resultJson: Buffer.alloc(0),
  };
  const read1 = { key: KEY, id: OURS, state: "completed", result: '{"ok":true}', error: undefined, outcome: undefined };
  const all = [
    read1,
    { ...read1, state: "failed", result: '{"a":"é"}', error: "é" },
    { ...read1, key: undefined, id: strange.taskId, result: undefined },
    { ...read1, key: undefined, id: "é", result: undefined },
  ];
  expect(read(single(DONE)).map(shown)).toEqual([read1]);
  const results = [DONE, failed, strange, { ...strange, taskId: "é" }];
  const batch = WorkerEvent.encode({ event: { $case: "resultBatch", value: { results } } }).finish();
  expect(read(batch).map(shown)).toEqual(all);
  expect(readWorkerInput(batch, ids, 64)).toMatchObject({ asBatch: true });
});

test("a batch is read past fields that nobody knows", () => {
  const batch = batchAmongNewFields(58, (item) => item.uint32(10).string(OURS).uint32(18).string("COMPLETED"));
  expect(read(batch)).toMatchObject([{ key: KEY, state: "completed", outcome: undefined }]);
});

test.each([
  ["null", undefined],
  [" null ", undefined],
  ["{}", "{}"],
  [' {"a":[1]}', ' {"a":[1]}'],
])("%j is a result, or none", (json, result) => {
  const requests = read(single({ ...DONE, resultJson: Buffer.from(json) }));
  expect(requests.map(shown)).toMatchObject([{ result, outcome: undefined }]);
});

test.each([
  [{ status: "" }, 'invalid status (must be COMPLETED or FAILED): ""'],
  [{ status: "FAILED", error: " " }, "error required when status=FAILED"],
  [{ resultJson: Buffer.from("[]") }, "invalid result_json: must be a JSON object"],
  [{ resultJson: Buffer.from("{") }, "invalid result_json: not valid JSON"],
  [{ resultJson: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }, "invalid result_json: not valid UTF-8"],
])("%j cannot be taken: %s", (given, reason) => {
  const [request] = read(single({ ...DONE, ...given }));
  expect(request?.outcome).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT", message: reason } });
});

test("a result that was good enough once is looked at again where less is allowed", () => {
  const nested = single({ ...DONE, resultJson: Buffer.from('{"a":{"b":{}}}') });
  expect(read(nested, 3)[0]?.outcome).toBeUndefined();
  expect(read(nested, 2)[0]?.outcome).toMatchObject({
    error: { message: "invalid result_json: nested deeper than 2 levels" },
  });
});

test("whatever bytes come, they are read or unreadable", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(10, 18, 26, 34, 42, 50, 58, undefined),
      (bytes, tag) => {
        try {
          readWorkerInput(Buffer.from(tag === undefined ? bytes : [tag, bytes.length, ...bytes]), ids, 64);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableMessage);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test("acks read as they were written, alone and as a batch", () => {
  const no = { ok: false, errorMessage: "", errorCode: "" };
  const answers: readonly (ResultAnswer & { readonly reads: object })[] = [
    { key: KEY, strangeId: "", outcome: accepted(1), reads: { ...no, taskId: OURS, ok: true } },
    {
      key: undefined,
      strangeId: "é",
      outcome: refused("NOT_FOUND", "x".repeat(300)),
      reads: { ...no, taskId: "é", errorMessage: "x".repeat(300), errorCode: "NOT_FOUND" },
    },
    {
      key: KEY,
      strangeId: "",
      outcome: undefined,
      reads: { ...no, taskId: OURS, errorMessage: "no answer", errorCode: "INTERNAL" },
    },
    { key: undefined, strangeId: "", outcome: accepted(1), reads: { ...no, taskId: "", ok: true } },
  ];
  const writer = {
    writeId: ({ key }: { key: typeof KEY }, target: Uint8Array, start: number) => writeTaskId(key, SEED, target, start),
  };
  const decoded = (some: readonly ResultAnswer[], asBatch: boolean): unknown =>
    ServerEvent.decode(new ResultAcks(some, asBatch, writer).encode(new BinaryWriter(8)).finish());
  for (const answer of answers) {
    expect(decoded([answer], false)).toEqual({ event: { $case: "resultAck", value: answer.reads } });
  }
  const acks = answers.map(({ reads }) => reads);
  expect(decoded(answers, true)).toEqual({ event: { $case: "resultAckBatch", value: { acks } } });
});
