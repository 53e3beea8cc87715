import { wholeNumber } from "./bounds.ts";
import { CodeqError, serverErrorCode } from "./codeq-error.ts";
import { type CommandSchemas, PayloadChecker } from "./commands.ts";
import { jsonText, type NewTask, type TaskOptions } from "./new-task.ts";
import { type RestOptions, type RestRequest, RestTransport } from "./rest-transport.ts";
import { checkDate, checkTask } from "./task-check.ts";
import {
  type ResultJson,
  type ResultRecord,
  resultRecord,
  type TaskJson,
  type TaskRecord,
  taskRecord,
} from "./task-record.ts";

export interface ClientOptions<Schemas extends CommandSchemas = CommandSchemas> extends RestOptions {
  /** What the payloads of each command look like; other commands are refused. Default: any command, any payload. */
  readonly schemas?: Schemas;
}

export interface ClaimOptions {
  /** Default: every command the token allows. */
  readonly commands?: readonly string[];
  /** Default: the server's. */
  readonly leaseSeconds?: number;
  /** How long to wait for a task, in whole seconds. Default 0; the server cuts more than it allows (30). */
  readonly waitSeconds?: number;
  /** Rejects with ABORTED. A claim that is given up on may still have taken a task, which then stays leased. */
  readonly signal?: AbortSignal;
}

export interface ResultOfTask {
  readonly taskId: string;
  readonly status: "COMPLETED" | "FAILED";
  /** A JSON object. */
  readonly result?: object;
  /** Needed for FAILED. */
  readonly error?: string;
}

/** What became of one of several. */
export type Outcome<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly error: CodeqError };

/** Numbers of tasks. */
export interface QueueStats {
  readonly command: string;
  readonly ready: number;
  readonly delayed: number;
  readonly inProgress: number;
  readonly dlq: number;
}

const API = "/v1/codeq";

/**
 * The REST API, route by route. Requests that are safe to repeat are repeated when the connection breaks or the server is
 * busy; others reject with OUTCOME_UNKNOWN when their answer is lost. Workers are known by the subject of their token here.
 *
 * Every method throws CodeqError: the server's code, UNREACHABLE, OUTCOME_UNKNOWN, UNAUTHENTICATED without a token, or
 * INVALID_ARGUMENT and INVALID_PAYLOAD before sending.
 */
export class Client<Schemas extends CommandSchemas = CommandSchemas> {
  readonly #rest: RestTransport;
  readonly #checker: PayloadChecker | undefined;

  /** @throws CodeqError INVALID_ARGUMENT */
  constructor(options: ClientOptions<Schemas>) {
    this.#rest = new RestTransport(options);
    this.#checker = options.schemas === undefined ? undefined : new PayloadChecker(options.schemas);
  }

  /** Without an idempotency key it gets a random one, so that it can be repeated. */
  async create(task: NewTask<Schemas>): Promise<{ readonly task: TaskRecord; readonly replayed: boolean }> {
    const body = await this.#createBody(task);
    const { text, headers } = await this.#rest.send({ ...post("/tasks", body, true), headers: traceHeaders([task]) });
    const replayed = task.idempotencyKey !== undefined && headers.get("idempotency-replayed") === "true";
    return { task: taskRecord(parse<TaskJson>(text)), replayed };
  }

  /** @param tasks as many as the server takes in one request, 100 unless told otherwise; all of one trace, or of none */
  async createMany(tasks: readonly NewTask<Schemas>[]): Promise<Outcome<{ readonly task: TaskRecord }>[]> {
    const bodies = await Promise.all(tasks.map((task) => this.#createBody(task)));
    const request = post("/tasks/batch", `{"tasks":[${bodies.join(",")}]}`, true);
    const { text } = await this.#rest.send({ ...request, headers: traceHeaders(tasks) });
    const { results } = parse<{ readonly results: readonly (ItemError & { readonly task?: TaskJson })[] }>(text);
    return results.map((item) => (item.task === undefined ? refused(item) : { ok: true, task: taskRecord(item.task) }));
  }

  /** @returns undefined when there is nothing to claim */
  async claim(options: ClaimOptions = {}): Promise<TaskRecord | undefined> {
    const { status, text } = await this.#rest.send(claimRequest("/tasks/claim", options, {}));
    return status === 204 ? undefined : taskRecord(parse<TaskJson>(text));
  }

  /** @param count tasks wanted at most; the server allows 10 unless told otherwise */
  async claimMany(count: number, options: ClaimOptions = {}): Promise<TaskRecord[]> {
    const { status, text } = await this.#rest.send(claimRequest("/tasks/claim/batch", options, { count }));
    return status === 204 ? [] : parse<{ readonly tasks: readonly TaskJson[] }>(text).tasks.map(taskRecord);
  }

  /** @param extendSeconds the lease then ends that much later than now; the server's default when absent */
  async heartbeat(taskId: string, extendSeconds?: number): Promise<void> {
    await this.#rest.send(post(`${taskPath(taskId)}/heartbeat`, { extendSeconds }, true));
  }

  /** Gives the task back unworked. */
  async abandon(taskId: string): Promise<void> {
    await this.#rest.send(post(`${taskPath(taskId)}/abandon`, {}, false));
  }

  /**
   * Gives the task back as failed.
   * @returns after how many seconds it may be claimed again, and whether it is dead instead
   */
  async nack(
    taskId: string,
    options: { readonly delaySeconds?: number; readonly reason?: string } = {},
  ): Promise<{ readonly delaySeconds: number; readonly dead: boolean }> {
    const { text } = await this.#rest.send(post(`${taskPath(taskId)}/nack`, options, false));
    const { delaySeconds, status } = parse<{ readonly delaySeconds: number; readonly status: string }>(text);
    return { delaySeconds, dead: status === "dlq" };
  }

  async complete(taskId: string, result: object = {}): Promise<ResultRecord> {
    return this.#submit({ taskId, status: "COMPLETED", result });
  }

  /** The task has failed for good. @param error not blank */
  async fail(taskId: string, error: string, result?: object): Promise<ResultRecord> {
    return this.#submit({ taskId, status: "FAILED", error, ...(result === undefined ? {} : { result }) });
  }

  /** @param results as many as the server takes in one request, 100 unless told otherwise */
  async submitMany(results: readonly ResultOfTask[]): Promise<Outcome<{ readonly result: ResultRecord }>[]> {
    const { text } = await this.#rest.send(post("/tasks/batch/results", { results }, false));
    const answer = parse<{ readonly results: readonly (ItemError & { readonly result?: ResultJson })[] }>(text);
    return answer.results.map((item) =>
      item.result === undefined ? refused(item) : { ok: true, result: resultRecord(item.result) },
    );
  }

  /** @returns undefined when there is no such task */
  async getTask(taskId: string): Promise<TaskRecord | undefined> {
    const answer = await this.#find(get(API + taskPath(taskId)));
    return answer === undefined ? undefined : taskRecord(parse<TaskJson>(answer));
  }

  /**
   * @param waitSeconds how long to wait for a result, in whole seconds; the server cuts more than it allows (60)
   * @returns undefined when there is no such task, or no result (yet)
   */
  async getResult(
    taskId: string,
    waitSeconds = 0,
  ): Promise<{ readonly result: ResultRecord; readonly task: TaskRecord } | undefined> {
    const waitMs = waitMsOf(waitSeconds);
    const answer = await this.#find({ ...get(`${API}${taskPath(taskId)}/result?waitSeconds=${waitSeconds}`), waitMs });
    if (answer === undefined) return undefined;
    const { result, task } = parse<{ readonly result: ResultJson; readonly task: TaskJson }>(answer);
    return { result: resultRecord(result), task: taskRecord(task) };
  }

  /** For administrators. @returns how many tasks are in each place of each lane, by the server's names of places */
  async queues(): Promise<Readonly<Record<string, number>>> {
    return parse((await this.#rest.send(get(`${API}/admin/queues`))).text);
  }

  /** For administrators. */
  async queue(command: string): Promise<QueueStats> {
    return parse((await this.#rest.send(get(`${API}/admin/queues/${encodeURIComponent(command)}`))).text);
  }

  /**
   * For administrators: deletes finished tasks whose retention ended before a time.
   * @param options default: 1000 tasks at most, now
   * @returns how many were deleted
   */
  async cleanup(options: { readonly limit?: number; readonly before?: Date } = {}): Promise<number> {
    const { limit, before } = options;
    if (before !== undefined) checkDate("before", before);
    const body = { limit, before: before?.toISOString() };
    return parse<{ deleted: number }>((await this.#rest.send(post("/admin/tasks/cleanup", body, true))).text).deleted;
  }

  /** Whether the server is alive, and at which durability level. */
  async health(): Promise<{ readonly status: string; readonly ready: boolean; readonly durability: string }> {
    return parse((await this.#rest.send(get("/healthz"))).text);
  }

  /** Whether the server takes work; false also when it cannot be reached. */
  async ready(): Promise<boolean> {
    try {
      return (await this.#rest.send({ ...get("/readyz"), attemptsMax: 1 })).status === 200;
    } catch (error) {
      if (error instanceof CodeqError) return false;
      throw error;
    }
  }

  async version(): Promise<{ readonly name: string; readonly version: string; readonly commit: string }> {
    return parse((await this.#rest.send(get("/version"))).text);
  }

  /** Prometheus text. */
  async metrics(): Promise<string> {
    return (await this.#rest.send(get("/metrics"))).text;
  }

  /** The OpenAPI document. */
  async openApi(): Promise<Readonly<Record<string, unknown>>> {
    return parse((await this.#rest.send(get("/openapi.json"))).text);
  }

  async #submit({ taskId, ...body }: ResultOfTask): Promise<ResultRecord> {
    const { text } = await this.#rest.send(post(`${taskPath(taskId)}/result`, body, false));
    return resultRecord(parse<ResultJson>(text));
  }

  async #find(request: RestRequest): Promise<string | undefined> {
    try {
      return (await this.#rest.send(request)).text;
    } catch (error) {
      if (error instanceof CodeqError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  async #createBody(task: NewTask<Schemas>): Promise<string> {
    checkTask(task);
    // A command of the schemas is a command.
    const { payload, runAt, idempotencyKey, traceParent: _, traceState: __, ...fields } = task as NewTask;
    if (this.#checker !== undefined) await this.#checker.check(fields.command, payload);
    jsonText(payload, "the payload");
    return JSON.stringify({
      ...fields,
      payload,
      runAt: runAt?.toISOString(),
      idempotencyKey: idempotencyKey ?? `auto-${globalThis.crypto.randomUUID()}`,
    });
  }
}

/**
 * Over REST a trace comes with the request.
 * @throws CodeqError INVALID_ARGUMENT
 */
function traceHeaders(tasks: readonly TaskOptions[]): Readonly<Record<string, string>> {
  const { traceParent = "", traceState = "" } = tasks[0] ?? {};
  if (tasks.some((task) => (task.traceParent ?? "") !== traceParent || (task.traceState ?? "") !== traceState)) {
    throw new CodeqError(
      "INVALID_ARGUMENT",
      "tasks created in one REST request belong to one trace: traceParent differs",
    );
  }
  return {
    ...(traceParent === "" ? {} : { traceparent: traceParent }),
    ...(traceState === "" ? {} : { tracestate: traceState }),
  };
}

interface ItemError {
  readonly error?: string;
  readonly code?: string;
}

function refused({ error = "refused", code = "INTERNAL" }: ItemError): {
  readonly ok: false;
  readonly error: CodeqError;
} {
  return { ok: false, error: new CodeqError(serverErrorCode(code), error) };
}

function post(path: string, body: unknown, repeatable: boolean): RestRequest {
  return { method: "POST", path: API + path, body, repeatable };
}

function get(path: string): RestRequest {
  return { method: "GET", path, repeatable: true };
}

function claimRequest(path: string, { signal, ...body }: ClaimOptions, more: { readonly count?: number }): RestRequest {
  const waitMs = waitMsOf(body.waitSeconds ?? 0);
  return { ...post(path, { ...body, ...more }, false), waitMs, signal };
}

const DAY_SECONDS = 86_400;

/** @throws CodeqError INVALID_ARGUMENT */
function waitMsOf(waitSeconds: number): number {
  return wholeNumber("waitSeconds", waitSeconds, 0, DAY_SECONDS) * 1000;
}

function taskPath(taskId: string): string {
  return `/tasks/${encodeURIComponent(taskId)}`;
}

/** Bodies of successful answers are what the server's OpenAPI document says. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each caller names what its route answers
function parse<T>(text: string): T {
  // See above: checked by the server's own tests, not again by each client.
  return JSON.parse(text) as T;
}
