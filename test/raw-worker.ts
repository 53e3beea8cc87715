import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { type ResultAck, ServerEvent, WorkerEvent } from "../proto/generated/worker.ts";
import { TOKEN } from "./sdk-server.ts";

/** A worker stream without the SDK's care: it does one thing at a time, and only what it is told. */
export class RawWorker implements Disposable {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<WorkerEvent, ServerEvent>;
  readonly #expecting: ((event: ServerEvent) => void)[] = [];

  private constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
    this.#call = this.#client.makeBidiStreamRequest(
      "/workerpb.WorkerStream/Stream",
      (event: WorkerEvent) => WorkerEvent.encode(event).finish(),
      (bytes) => ServerEvent.decode(bytes),
    );
    this.#call.on("data", (event: ServerEvent) => this.#expecting.shift()?.(event));
    this.#call.on("error", () => undefined);
  }

  static async open(port: number, workerId: string): Promise<RawWorker> {
    const worker = new RawWorker(port);
    await worker.ask({ event: { $case: "hello", value: { token: TOKEN, workerId } } });
    return worker;
  }

  /** @returns what the server says next */
  ask(event: WorkerEvent): Promise<ServerEvent> {
    return new Promise((resolve) => {
      this.#expecting.push(resolve);
      this.#call.write(event);
    });
  }

  async complete(taskId: string, result: string): Promise<ResultAck> {
    const value = { taskId, status: "COMPLETED", resultJson: Buffer.from(result), error: "" };
    const { event } = await this.ask({ event: { $case: "result", value } });
    if (event?.$case !== "resultAck") throw new Error(`expected an ack, got ${event?.$case ?? "nothing"}`);
    return event.value;
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
    this.#client.close();
  }
}
