import { Ledger } from "../src/bench/ledger/ledger.ts";
import type { Operation, Outcome } from "../src/bench/ledger/operation.ts";
import type { Answer, HttpConnection } from "./http-connection.ts";
import type { Rig } from "./rig.ts";

const OPERATIONS_MAX = 1_000_000;

export interface Exchange {
  readonly invokeMs: number;
  readonly doneMs: number;
  readonly outcome: Outcome;
  /** Undefined when the connection broke. */
  readonly answer: Answer | undefined;
}

/** What all clients of a run share: the ledger, its clock and the numbering of tasks. */
export class Recorder {
  readonly ledger = new Ledger(OPERATIONS_MAX);
  #nextTag = 0;
  #created = 0;
  #wanted: { readonly created: number; readonly reached: () => void } | undefined;

  nextTag(): number {
    this.#nextTag += 1;
    return this.#nextTag - 1;
  }

  add(operation: Operation): void {
    this.ledger.add(operation);
    if (operation.op !== "create" || operation.outcome !== "ok") return;
    this.#created += 1;
    if (this.#created >= (this.#wanted?.created ?? Number.POSITIVE_INFINITY)) this.#wanted?.reached();
  }

  /** Resolves once so many more creates are acknowledged. */
  async created(more: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted = { created: this.#created + more, reached: resolve };
    await promise;
  }
}

/** One client: one connection at a time, made anew after each break. */
export class Client implements Disposable {
  readonly #rig: Rig;
  readonly #token: string;
  #connection: HttpConnection | undefined;

  constructor(rig: Rig, token: string) {
    this.#rig = rig;
    this.#token = token;
  }

  get token(): string {
    return this.#token;
  }

  async post(path: string, body: unknown): Promise<Exchange> {
    return this.#call("POST", `/v1/codeq${path}`, body);
  }

  async get(path: string): Promise<Exchange> {
    return this.#call("GET", `/v1/codeq${path}`, undefined);
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]();
  }

  async #call(method: string, path: string, body: unknown): Promise<Exchange> {
    const connection = await this.#connected();
    const invokeMs = performance.now();
    try {
      const answer = await connection.request(method, path, this.#token, body);
      return { invokeMs, doneMs: performance.now(), outcome: outcomeOf(answer), answer };
    } catch {
      // The server is gone, and with it what it had not done by now.
      return { invokeMs, doneMs: performance.now(), outcome: "unknown", answer: undefined };
    }
  }

  async #connected(): Promise<HttpConnection> {
    if (this.#connection === undefined || this.#connection.closed) {
      this.#connection?.[Symbol.dispose]();
      this.#connection = await this.#rig.connect();
    }
    return this.#connection;
  }
}

export interface WireTask {
  readonly id: string;
  readonly command: string;
  readonly payload: string;
  readonly attempts: number;
}

/** What answers hold, each some of it. */
export interface WireBody {
  readonly id?: string;
  readonly status?: string;
  readonly delaySeconds?: number;
  readonly tasks?: readonly WireTask[];
  readonly results?: readonly { readonly task?: WireTask; readonly result?: unknown }[];
}

/** The body of the answer to an accepted request; empty when there is none. */
export function bodyOf({ outcome, answer }: Exchange): WireBody {
  // A body that is not as the protocol has it fails the test that looks into it.
  return outcome === "ok" && answer !== undefined && answer.text !== "" ? (JSON.parse(answer.text) as WireBody) : {};
}

/** @throws Error for an answer no client should ever get here */
function outcomeOf({ status, text }: Answer): Outcome {
  if (status < 300) return "ok";
  if (text.includes('"COMMIT_UNKNOWN"')) return "unknown";
  if ([403, 404, 409, 503, 507].includes(status)) return "fail";
  throw new Error(`unexpected answer ${status}: ${text}`);
}
