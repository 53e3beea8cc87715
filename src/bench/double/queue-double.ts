import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { BinaryWriter } from "../../../proto/wire.ts";
import { WireFields } from "../load/wire-fields.ts";
import { DoubleTasks, type Fault } from "./double-tasks.ts";
import { Frames, framed } from "./frames.ts";

/**
 * A queue that only looks like one, behind the public ports: it keeps tasks in memory, answers at once, and makes one
 * mistake if told to. The bench is tried on it, for what it finds and for how much load it can make.
 */
export class QueueDouble implements AsyncDisposable {
  readonly #tasks: DoubleTasks;
  readonly #grpc: Http2Server;
  readonly #http: Bun.Server<undefined>;

  static async start(fault: Fault | undefined): Promise<QueueDouble> {
    const double = new QueueDouble(fault);
    const { promise, resolve } = Promise.withResolvers<void>();
    double.#grpc.listen(0, "127.0.0.1", resolve);
    await promise;
    return double;
  }

  private constructor(fault: Fault | undefined) {
    this.#tasks = new DoubleTasks(fault);
    this.#grpc = createServer({ settings: { initialWindowSize: WINDOW_BYTES } });
    this.#grpc.on("stream", (stream: ServerHttp2Stream, headers) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      // A client that goes is none of our concern.
      stream.on("error", () => undefined);
      if (String(headers[":path"]).includes("ProducerStream")) serveProducer(stream, this.#tasks);
      else serveWorker(stream, this.#tasks);
    });
    this.#http = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => this.#tasks.answer(new URL(request.url)),
    });
  }

  /** As `--target` takes them. */
  get target(): string {
    // A server that listens on a port has such an address.
    const { port } = this.#grpc.address() as AddressInfo;
    return `http://127.0.0.1:${this.#http.port},http://127.0.0.1:${port},http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#grpc.close();
    await this.#http.stop(true);
  }
}

function serveProducer(stream: ServerHttp2Stream, tasks: DoubleTasks): void {
  const frames = new Frames();
  const fields = new WireFields();
  const writer = new BinaryWriter();
  stream.on("data", (chunk: Buffer) => {
    const acks: { readonly seq: number; readonly id: string }[] = [];
    frames.push(chunk, (message) => {
      for (fields.over(message, 0, message.length); fields.next(); ) {
        if (fields.field === 1) stream.write(framed(writer.reset().uint32(0x0a).fork().join().view()));
        else if (fields.field === 2) acks.push(create(tasks, message, fields.start, fields.end));
        else {
          const items = new WireFields().over(message, fields.start, fields.end);
          while (items.next()) acks.push(create(tasks, message, items.start, items.end));
        }
      }
    });
    if (acks.length === 0) return;
    writer.reset().uint32(0x22).fork();
    for (const { seq, id } of acks) {
      writer.uint32(0x0a).fork().uint32(0x08).uint32(seq).uint32(0x10).bool(true).uint32(0x1a).string(id).join();
    }
    stream.write(framed(writer.join().view()));
    tasks.wake();
  });
  stream.on("end", () => stream.end());
}

function create(tasks: DoubleTasks, bytes: Buffer, start: number, end: number): { seq: number; id: string } {
  const fields = new WireFields().over(bytes, start, end);
  let seq = 0;
  let payload = Buffer.alloc(0);
  while (fields.next()) {
    if (fields.field === 1) seq = fields.value;
    else if (fields.field === 3) payload = Buffer.from(bytes.subarray(fields.start, fields.end));
  }
  return { seq, id: tasks.create(payload) };
}

function serveWorker(stream: ServerHttp2Stream, tasks: DoubleTasks): void {
  // Lives as long as the stream whose events it listens to.
  void new WorkerSide(stream, tasks);
}

class WorkerSide {
  readonly #stream: ServerHttp2Stream;
  readonly #tasks: DoubleTasks;
  readonly #writer = new BinaryWriter();
  readonly #fields = new WireFields();
  /** How many tasks each Ready without an answer wants. */
  readonly #wishes: number[] = [];

  constructor(stream: ServerHttp2Stream, tasks: DoubleTasks) {
    this.#stream = stream;
    this.#tasks = tasks;
    const frames = new Frames();
    const leave = tasks.join(() => this.#deal());
    stream.on("data", (chunk: Buffer) => {
      const results: ResultAnswer[] = [];
      frames.push(chunk, (message) => this.#read(message, results));
      if (results.length > 0) this.#acknowledge(results);
      this.#deal();
    });
    stream.on("end", () => {
      leave();
      stream.end();
    });
    stream.on("close", leave);
  }

  #read(message: Buffer, results: ResultAnswer[]): void {
    const fields = this.#fields;
    for (fields.over(message, 0, message.length); fields.next(); ) {
      if (fields.field === 1) this.#write(this.#writer.reset().uint32(0x0a).fork().join());
      else if (fields.field === 2) this.#wishes.push(countOf(message, fields.start, fields.end));
      else if (fields.field === 3) results.push(this.#finish(message, fields.start, fields.end));
      else if (fields.field === 7) {
        const items = new WireFields().over(message, fields.start, fields.end);
        while (items.next()) results.push(this.#finish(message, items.start, items.end));
      }
    }
  }

  #finish(bytes: Buffer, start: number, end: number): ResultAnswer {
    const fields = new WireFields().over(bytes, start, end);
    let id = "";
    let result = "{}";
    while (fields.next()) {
      if (fields.field === 1) id = bytes.toString("latin1", fields.start, fields.end);
      else if (fields.field === 3) result = bytes.toString("utf8", fields.start, fields.end);
    }
    return { id, ok: this.#tasks.finish(id, result) };
  }

  #acknowledge(results: readonly ResultAnswer[]): void {
    const writer = this.#writer.reset().uint32(0x4a).fork();
    for (const { id, ok } of results) {
      if (ok === undefined) continue;
      writer.uint32(0x0a).fork().uint32(0x0a).string(id).uint32(0x10).bool(ok);
      if (!ok) writer.uint32(0x1a).string("not-in-progress");
      writer.join();
    }
    this.#write(writer.join());
  }

  #deal(): void {
    while (this.#wishes.length > 0) {
      const claimed = this.#tasks.claim(this.#wishes[0] ?? 1);
      if (claimed.length === 0) return;
      this.#wishes.shift();
      const writer = this.#writer.reset().uint32(0x42).fork();
      for (const { id, payload, attempts } of claimed) {
        writer.uint32(0x0a).fork().uint32(0x0a).string(id).uint32(0x1a).bytes(payload);
        writer.uint32(0x50).int32(attempts).join();
      }
      this.#write(writer.join());
    }
  }

  #write(writer: BinaryWriter): void {
    this.#stream.write(framed(writer.view()));
  }
}

interface ResultAnswer {
  readonly id: string;
  /** Undefined when there is none. */
  readonly ok: boolean | undefined;
}

function countOf(bytes: Buffer, start: number, end: number): number {
  const fields = new WireFields().over(bytes, start, end);
  let count = 1;
  while (fields.next()) if (fields.field === 3) count = Math.max(1, fields.value);
  return count;
}

const WINDOW_BYTES = 4 * 1024 * 1024;
