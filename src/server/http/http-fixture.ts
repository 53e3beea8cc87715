import { type Authenticators, buildAuthenticators, devAuthenticators, WORKER_SCOPES } from "../auth/authenticators.ts";
import type { QueuePolicy } from "../queue/policy.ts";
import type { Store } from "../queue/store.ts";
import { TaskQueue } from "../queue/task-queue.ts";
import type { HealthReport } from "./health.ts";
import type { HttpLimits } from "./http-limits.ts";
import { type HttpOptions, type HttpServer, startHttp } from "./http-server.ts";
import type { RateLimits } from "./rate-limit.ts";
import { RateLimiter } from "./rate-limiter.ts";

/** For tests only: a real server on a free port over a given store, with a clock that the test sets. */
export class TestServer implements AsyncDisposable {
  readonly queue: TaskQueue;
  readonly http: HttpServer;
  /** Every answer as told to telemetry: `route method status`. */
  readonly answers: string[] = [];
  readonly rateLimited: string[] = [];
  readonly logLines: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  now = TEST_NOW;

  constructor(store: Store, settings: TestSettings = {}) {
    this.queue = new TaskQueue({
      store,
      policy: { ...POLICY, ...settings.policy },
      observer: { created() {}, claimed() {}, finished() {}, leasesExpired() {} },
      clock: () => this.now,
      random: () => 1,
    });
    this.http = startHttp(this.#options(settings));
  }

  /** Sends JSON, or a text or bytes as they are, with the dev token; reads the whole answer. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TestAnswer> {
    const raw = typeof body === "string" || body instanceof Uint8Array || body === undefined;
    const response = await fetch(this.http.url + path, {
      method,
      redirect: "manual",
      headers: { authorization: `Bearer ${TEST_TOKEN}`, ...headers },
      // A body of bytes or text is one fetch can send.
      ...(body === undefined ? {} : { body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
    return new TestAnswer(response.status, response.headers, await response.text());
  }

  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<TestAnswer> {
    return this.call("POST", `/v1/codeq${path}`, body, headers);
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<TestAnswer> {
    return this.call("GET", `/v1/codeq${path}`, undefined, headers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close();
  }

  #options(settings: TestSettings): HttpOptions {
    const log = (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      this.logLines.push({ message, fields });
    };
    const logger: HttpOptions["log"] = { debug: log, info: log, warn: log, error: log, child: () => logger };
    let ids = 0;
    return {
      queue: this.queue,
      authenticators: settings.authenticators ?? devAuthenticators(TEST_TOKEN, "dev-tenant"),
      limits: { ...LIMITS, ...settings.limits },
      limiter: new RateLimiter({ ...NO_RATE_LIMITS, ...settings.rateLimits }, 100),
      retentionMs: POLICY.retentionMs,
      health: () => settings.health ?? HEALTHY,
      metricsText: async () => "# HELP codeq_info\ncodeq_info 1\n",
      onRequest: (route, method, status) => this.answers.push(`${method} ${route} ${status}`),
      onRateLimited: (scope, operation) => this.rateLimited.push(`${scope} ${operation}`),
      tracing: undefined,
      log: logger,
      listen: { host: "127.0.0.1", port: settings.port ?? 0, tls: undefined },
      stopwatchMs: () => this.now,
      randomHex: (bytes) => {
        ids += 1;
        return ids.toString(16).padStart(bytes * 2, "0");
      },
    };
  }
}

export interface TestSettings {
  readonly authenticators?: Authenticators;
  readonly policy?: Partial<QueuePolicy>;
  readonly limits?: Partial<HttpLimits>;
  readonly rateLimits?: Partial<RateLimits>;
  readonly health?: HealthReport;
  /** A free one when absent. */
  readonly port?: number;
}

export class TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(status: number, headers: Headers, text: string) {
    this.status = status;
    this.headers = headers;
    this.text = text;
  }

  /** The body, which must be a JSON object. */
  get json(): Record<string, unknown> {
    // Bodies of this server are objects; a test that meets another fails on what it looks for.
    return JSON.parse(this.text) as Record<string, unknown>;
  }

  /** A text member of the body, `""` when absent. */
  member(name: string): string {
    const value = this.json[name];
    return typeof value === "string" ? value : "";
  }
}

/** Lets everything that is due happen until the condition holds; gives up when nothing brings it about. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("the condition never came true");
}

/** Tokens `a-producer`, `a-worker`, `a-worker-2` of one tenant and `b-producer`, `b-worker` of another. */
export function twoTenants(): Authenticators {
  const producer = (tenant: string) => ({
    type: "static",
    config: { token: `${tenant}-producer`, raw: { tid: `tenant-${tenant}`, role: "admin" } },
  });
  const worker = (tenant: string, token = `${tenant}-worker`, subject = "worker") => ({
    type: "static",
    config: {
      token,
      subject,
      scopes: WORKER_SCOPES,
      eventTypes: ["*"],
      raw: { tid: `tenant-${tenant}` },
    },
  });
  return buildAuthenticators({
    producer: { type: "multi", config: { providers: [producer("a"), producer("b")] } },
    worker: { type: "multi", config: { providers: [worker("a"), worker("b"), worker("a", "a-worker-2", "worker-2")] } },
    allowProducerAsWorker: false,
  });
}

/** Headers that present a token. */
export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}

const TEST_TOKEN = "dev-token";
/** 2026-07-20T12:00:00.250Z */
const TEST_NOW = 1_784_548_800_250;

const POLICY: QueuePolicy = {
  leaseMsDefault: 300_000,
  leaseMsMax: 86_400_000,
  maxAttemptsDefault: 5,
  retry: { backoff: "fixed", baseMs: 5000, maxMs: 900_000 },
  retentionMs: 86_400_000,
  delayMsMax: 365 * 86_400_000,
  commandBytesMax: 256,
  payloadBytesMax: 1_048_576,
  idempotencyKeyBytesMax: 512,
  webhookBytesMax: 2048,
  waitersMax: 100,
  shards: 1,
};

const LIMITS: HttpLimits = {
  bodyBytesMax: 2_097_152,
  jsonDepthMax: 64,
  jsonValuesMax: 100_000,
  batchMax: 100,
  claimBatchMax: 10,
  resultsBatchMax: 100,
  claimCommandsMax: 100,
  waitMsMax: 30_000,
  resultWaitMsMax: 60_000,
  cleanupMax: 100_000,
  requestsMax: 1000,
  idleSeconds: 60,
};

const OFF = { requestsPerMinute: 0, burstSize: 0 };
const NO_RATE_LIMITS: RateLimits = { producer: OFF, worker: OFF, admin: OFF };

const HEALTHY: HealthReport = {
  ready: true,
  reasons: [],
  creates: "accepted",
  durability: "off",
  version: "0.1.0",
  commit: "abc1234",
};
