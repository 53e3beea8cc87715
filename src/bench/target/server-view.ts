import type { Parameters } from "../result.ts";
import { MetricsPage } from "./metrics-page.ts";

export interface ServerViewOptions {
  readonly httpUrl: string;
  readonly token: string;
  readonly command: string;
}

/** Where the server says the tasks of the command are. */
export interface QueueCounts {
  readonly ready: number;
  readonly delayed: number;
  readonly inProgress: number;
  readonly dead: number;
}

export interface StoredTask {
  readonly status: string;
  readonly lastKnownLocation: string;
  readonly attempts?: number;
}

/** Looks at a server through its public HTTP port. */
export class ServerView {
  readonly #options: ServerViewOptions;

  constructor(options: ServerViewOptions) {
    this.#options = options;
  }

  async version(): Promise<{ readonly version: string; readonly commit: string }> {
    // The server's own answer.
    return (await this.#json("/version")) as { readonly version: string; readonly commit: string };
  }

  /** What its acknowledgements survive. @throws Error when it does not say */
  async durability(): Promise<Parameters["durability"]> {
    // The server's own answer; another server may not say.
    const { durability } = (await this.#json("/healthz")) as { readonly durability?: unknown };
    if (durability === "off" || durability === "normal" || durability === "full") return durability;
    throw new Error(`GET /healthz tells no durability`);
  }

  async metrics(): Promise<MetricsPage> {
    return new MetricsPage(await (await this.#get("/metrics")).text());
  }

  async queue(): Promise<QueueCounts> {
    const path = `/v1/codeq/admin/queues/${encodeURIComponent(this.#options.command)}`;
    // The server's own answer.
    const counts = (await this.#json(path)) as Omit<QueueCounts, "dead"> & { readonly dlq: number };
    return { ready: counts.ready, delayed: counts.delayed, inProgress: counts.inProgress, dead: counts.dlq };
  }

  /** Undefined when there is no such task. */
  async task(id: string): Promise<StoredTask | undefined> {
    // The server's own answer.
    return (await this.#json(`/v1/codeq/tasks/${id}`, 404)) as StoredTask | undefined;
  }

  /** The result's JSON as it is stored; undefined when there is none. */
  async result(id: string): Promise<unknown> {
    // The server's own answer.
    const answer = (await this.#json(`/v1/codeq/tasks/${id}/result`, 404)) as
      | { result?: { result?: unknown } }
      | undefined;
    return answer?.result?.result;
  }

  async #json(path: string, absent?: number): Promise<unknown> {
    const response = await this.#get(path, absent);
    return response.status === absent ? undefined : await response.json();
  }

  async #get(path: string, absent?: number): Promise<Response> {
    const { httpUrl, token } = this.#options;
    const response = await fetch(new URL(path, httpUrl), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok && response.status !== absent)
      throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

const TIMEOUT_MS = 30_000;
