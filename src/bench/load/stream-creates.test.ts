import { describe, expect, test } from "bun:test";
import { type CreateAck, type CreateTask, ProducerEvent, ServerEvent } from "../../../proto/generated/producer.ts";
import { loadPlan } from "./load-plan-fixture.ts";
import { type CreateCarrierOptions, StreamCreates } from "./stream-creates.ts";
import { type PeerLine, StreamPeer } from "./stream-peer-fixture.ts";
import { TaskBook } from "./task-book.ts";
import { PAYLOAD_TAG_AT, taskPayload, writeTag } from "./task-payload.ts";
import { CREATE, ROW } from "./task-rows.ts";
import { taskId } from "./task-story-fixture.ts";

type ServerSays = NonNullable<ServerEvent["event"]>;
type ClientSays = NonNullable<ProducerEvent["event"]>;

const bytesOf = (event: ServerSays): Uint8Array => ServerEvent.encode({ event }).finish();

/** A producer stream to a server that says what the test wants. */
class Creating implements AsyncDisposable {
  readonly book: TaskBook;
  readonly carrier: StreamCreates;
  readonly said: ClientSays[] = [];
  readonly failures: string[] = [];
  answered = 0;
  /** How many creates were acknowledged whenever a message counted as answered. */
  readonly createdWhenAnswered: number[] = [];
  readonly #peer: StreamPeer;
  #line: PeerLine | undefined;
  #onChange: () => void = () => undefined;

  static async start(change: Partial<CreateCarrierOptions> = {}): Promise<Creating> {
    const peer = await StreamPeer.start((message, line) => creating.heard(message, line));
    const creating = new Creating(peer, change);
    return creating;
  }

  private constructor(peer: StreamPeer, change: Partial<CreateCarrierOptions>) {
    this.#peer = peer;
    const plan = loadPlan({ endpoints: { ...loadPlan().endpoints, producerUrl: peer.url } });
    this.book = new TaskBook(plan);
    this.book.rows.take(10);
    const events = {
      answered: () => this.#changed(() => this.noteAnswer()),
      failed: (reason: string) => this.#changed(() => this.failures.push(reason)),
    };
    this.carrier = new StreamCreates({ plan, delays: undefined, asBatch: false, book: this.book, events, ...change });
  }

  heard(message: Buffer, line: PeerLine): void {
    this.#line = line;
    const { event } = ProducerEvent.decode(message);
    if (event === undefined) throw new Error("a message that says nothing");
    this.#changed(() => this.said.push(event));
    if (event.$case === "hello") this.say({ $case: "helloAck", value: { tenantId: "t", subject: "s" } });
  }

  noteAnswer(): void {
    this.answered += 1;
    this.createdWhenAnswered.push(this.book.counts.get("created"));
  }

  /** Sends creates, and waits until the server has them. */
  async send(first: number, count: number): Promise<void> {
    const heard = this.said.length;
    this.carrier.send(first, count, 900);
    await this.until(() => this.said.length > heard);
  }

  say(event: ServerSays): void {
    this.#line?.send(bytesOf(event));
  }

  async sayByByte(event: ServerSays): Promise<void> {
    await this.#line?.trickle(bytesOf(event));
  }

  end(status: string, message?: string): void {
    this.#line?.end(status, message);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onChange = resolve;
      await promise;
    }
  }

  states(...tags: readonly number[]): number[] {
    return tags.map((tag) => this.book.rows.value(tag, ROW.create));
  }

  get odd(): string[] {
    return this.book.irregulars.kept.map(({ kind, tag, text }) => `${kind} ${tag ?? "-"}: ${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier.close();
    await this.#peer[Symbol.asyncDispose]();
  }

  #changed(change: () => unknown): void {
    change();
    this.#onChange();
  }
}

function ack(tag: number, change: Partial<CreateAck> = {}): CreateAck {
  const accepted = { ok: true, taskId: taskId(tag), errorMessage: "", replayed: false, errorCode: "" };
  return { seq: BigInt(tag), ...accepted, ...change };
}

const refusal = (tag: number): CreateAck => ack(tag, { ok: false, taskId: "", errorMessage: "too many" });
const acks = (...all: readonly CreateAck[]): ServerSays => ({ $case: "createAckBatch", value: { acks: [...all] } });

/** What of a create differs from task to task. */
const wanted = ({ seq, command, payload, delaySeconds }: CreateTask): unknown[] => [
  Number(seq),
  command,
  Buffer.from(payload).toString(),
  delaySeconds,
];

function payloadOf(tag: number): string {
  const payload = taskPayload(loadPlan().payloadBytes);
  writeTag(payload, PAYLOAD_TAG_AT, tag);
  return payload.toString();
}

test("a stream begins with the token, and is connected once that is acknowledged", async () => {
  await using it = await Creating.start();
  await it.carrier.connect();
  expect(it.said).toEqual([{ $case: "hello", value: { token: "dev-token" } }]);
});

test("a create is sent with its tag, and acknowledged with its id", async () => {
  await using it = await Creating.start();
  await it.carrier.connect();
  await it.send(3, 1);
  const sent = it.said.flatMap((event) => (event.$case === "create" ? [wanted(event.value)] : []));
  expect(sent).toEqual([[3, "TESTED", payloadOf(3), 0]]);
  expect(it.states(3)).toEqual([CREATE.sent]);
  it.say({ $case: "createAck", value: ack(3) });
  await it.until(() => it.answered === 1);
  expect(it.states(3, 4)).toEqual([CREATE.acked, CREATE.none]);
  expect(it.book.rows.idOf(3)).toBe(taskId(3));
  expect([it.book.counts.get("createsSent"), it.book.counts.get("created")]).toEqual([1, 1]);
  expect(it.odd).toEqual([]);
});

test("a batch is one message, answered once all of it is: in any order, and apart", async () => {
  await using it = await Creating.start({ asBatch: true });
  await it.carrier.connect();
  await it.send(0, 3);
  await it.send(3, 1);
  const sent = it.said.flatMap((event) =>
    event.$case === "createBatch" ? [event.value.tasks.map(({ seq }) => Number(seq))] : [],
  );
  expect(sent).toEqual([[0, 1, 2], [3]]);
  it.say(acks(ack(2), ack(0)));
  it.say({ $case: "createAck", value: ack(1) });
  it.say(acks(ack(3)));
  await it.until(() => it.answered === 2);
  expect(it.createdWhenAnswered).toEqual([3, 4]);
  expect([0, 1, 2, 3].map((tag) => it.book.rows.idOf(tag))).toEqual([0, 1, 2, 3].map(taskId));
});

test("a refused create is no task; the others of its batch are", async () => {
  await using it = await Creating.start({ asBatch: true });
  await it.carrier.connect();
  await it.send(0, 3);
  it.say(acks(ack(0), refusal(1), ack(2)));
  await it.until(() => it.answered === 1);
  expect(it.states(0, 1, 2)).toEqual([CREATE.acked, CREATE.refused, CREATE.acked]);
  expect(it.odd).toEqual(["create-refused 1: too many"]);
});

test("delayed tasks say so", async () => {
  await using it = await Creating.start({ delays: { share: 1, secondsMax: 1, seed: 1 } });
  await it.carrier.connect();
  await it.send(0, 1);
  expect(it.said.flatMap((event) => (event.$case === "create" ? event.value.delaySeconds : []))).toEqual([1]);
  expect(it.book.rows.value(0, ROW.delayMs)).toBe(1000);
});

test("an answer is read in whatever pieces it comes", async () => {
  await using it = await Creating.start();
  await it.carrier.connect();
  await it.send(3, 1);
  await it.sayByByte({ $case: "createAck", value: ack(3) });
  await it.until(() => it.answered === 1);
  expect(it.book.rows.idOf(3)).toBe(taskId(3));
});

describe("what does not belong there is odd", () => {
  test.each<[what: string, event: ServerSays, odd: RegExp]>([
    ["a second ack", { $case: "createAck", value: ack(3) }, /^create-acked-twice 3/],
    ["an ack of what nobody created", { $case: "createAck", value: ack(77) }, /^create-ack-unknown/],
    ["an error", { $case: "error", value: { code: "BAD", message: "why" } }, /^stream-error -: .*BAD why/],
  ])("%s", async (_, event, odd) => {
    await using it = await Creating.start();
    await it.carrier.connect();
    await it.send(3, 1);
    it.say({ $case: "createAck", value: ack(3) });
    it.say(event);
    await it.send(4, 1);
    it.say({ $case: "createAck", value: ack(4) });
    await it.until(() => it.states(4)[0] === CREATE.acked || it.answered > 1);
    expect(it.odd).toEqual([expect.stringMatching(odd)]);
  });
});

describe("a stream that ends too soon has failed", () => {
  test("with its status", async () => {
    await using it = await Creating.start();
    await it.carrier.connect();
    it.end("8", "too%20many%20streams");
    await it.until(() => it.failures.length > 0);
    expect(it.failures).toEqual([expect.stringMatching(/producer stream ended: .*8 too many streams/)]);
  });

  test("even in peace", async () => {
    await using it = await Creating.start();
    await it.carrier.connect();
    it.end("0");
    await it.until(() => it.failures.length > 0);
    expect(it.failures).toEqual([expect.stringMatching(/closed by the server/)]);
  });

  test("and is not connected if it ends before", async () => {
    const plan = loadPlan();
    const book = new TaskBook(plan);
    const failures: string[] = [];
    const events = { answered: () => undefined, failed: (reason: string) => failures.push(reason) };
    const carrier = new StreamCreates({ plan, delays: undefined, asBatch: false, book, events });
    // Nobody listens there.
    const error: unknown = await carrier.connect().catch((error: unknown) => error);
    expect(String(error)).toContain("no producer stream");
    expect(failures).toHaveLength(1);
  });
});

test("a stream that we close has not failed", async () => {
  await using it = await Creating.start();
  await it.carrier.connect();
  it.carrier.close();
  it.end("14");
  await new Promise((resolve) => setImmediate(resolve));
  expect(it.failures).toEqual([]);
});
