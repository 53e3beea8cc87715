import { describe, expect, test } from "bun:test";
import type { CreateTask } from "../../../proto/generated/producer.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { GrpcFixture } from "./grpc-fixture.ts";

const SEED = [1, 2] as const;

function create(seq: number, task: Partial<CreateTask> = {}): CreateTask {
  return {
    seq: BigInt(seq),
    command: "RENDER",
    payload: Buffer.from('{"b": 1, "a":12345678901234567890}'),
    priority: 0,
    webhook: "",
    maxAttempts: 0,
    idempotencyKey: "",
    delaySeconds: 0,
    traceParent: "",
    traceState: "",
    ...task,
  };
}

describe("a task's life over streams", () => {
  test("create, ready, result, each acknowledged, the payload byte for byte", async () => {
    await using server = await GrpcFixture.start(new MemoryStore(SEED));
    const producer = await server.producer();
    const worker = await server.worker();
    producer.send({ event: { $case: "create", value: create(7) } });
    const ack = await producer.next("createAck");
    expect(ack).toMatchObject({ seq: 7n, ok: true, errorMessage: "" });

    worker.send({ event: { $case: "ready", value: { commands: [], leaseSeconds: 0, count: 1 } } });
    const { task } = await worker.next("task");
    expect(task).toMatchObject({
      id: ack.taskId,
      command: "RENDER",
      attempts: 1,
      maxAttempts: 5,
      tenantId: "dev-tenant",
    });
    expect(Buffer.from(task?.payload ?? []).toString()).toBe('{"b": 1, "a":12345678901234567890}');

    const result = { taskId: ack.taskId, status: "COMPLETED", resultJson: Buffer.from('{"x":1}'), error: "" };
    worker.send({ event: { $case: "result", value: result } });
    expect(await worker.next("resultAck")).toMatchObject({ taskId: ack.taskId, ok: true });
    expect(await server.queue.get("dev-tenant", ack.taskId)).toMatchObject({ state: "completed", result: '{"x":1}' });
  });

  test("a Ready that comes before there is work is answered when work comes", async () => {
    await using server = await GrpcFixture.start(new MemoryStore(SEED));
    const worker = await server.worker();
    worker.send({ event: { $case: "ready", value: { commands: ["render"], leaseSeconds: 0, count: 32 } } });
    const producer = await server.producer();
    producer.send({ event: { $case: "createBatch", value: { tasks: [create(1), create(2)] } } });
    expect((await producer.next("createAckBatch")).acks.map(({ seq, ok }) => [seq, ok])).toEqual([
      [1n, true],
      [2n, true],
    ]);
    expect((await worker.next("taskBatch")).tasks).toHaveLength(2);
  });
});
