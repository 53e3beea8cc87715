import { BACKOFF_DEFAULT, type Backoff, backoffMs } from "./backoff.ts";
import { wholeNumber } from "./bounds.ts";
import { CodeqError, serverErrorCode } from "./codeq-error.ts";
import { machineTiming, type Timing } from "./timing.ts";

export interface RestOptions {
  /** Default: `http://127.0.0.1:8080`. */
  readonly url?: string;
  /** A function is asked before each request, for tokens that expire. */
  readonly token: string | (() => string | Promise<string>);
  /** For one attempt, without the waiting the request asks for. Default 30,000. */
  readonly timeoutMs?: number;
  /** Attempts of a request that is safe to repeat. Default 4. */
  readonly attemptsMax?: number;
  readonly backoff?: Partial<Backoff>;
  /** For tests. */
  readonly timing?: Timing;
}

export interface RestRequest {
  readonly method: "GET" | "POST";
  /** Without the server's address. */
  readonly path: string;
  readonly body?: unknown;
  /** Doing it twice is as good as once. */
  readonly repeatable: boolean;
  /** The server may take so long on purpose. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Refusals that say "not now", and that nothing was done. */
const TRANSIENT: ReadonlySet<string> = new Set(["UNAVAILABLE", "RATE_LIMITED", "RESOURCE_EXHAUSTED"]);

/** Sends requests, repeats what may be repeated, and makes errors of refusals. */
export class RestTransport {
  readonly #base: string;
  readonly #token: RestOptions["token"];
  readonly #timeoutMs: number;
  readonly #attemptsMax: number;
  readonly #backoff: Backoff;
  readonly #timing: Timing;

  /** @throws CodeqError INVALID_ARGUMENT */
  constructor({ url = "http://127.0.0.1:8080", token, timeoutMs = 30_000, attemptsMax = 4, ...rest }: RestOptions) {
    if (!URL.canParse(url)) throw new CodeqError("INVALID_ARGUMENT", `url is not one: ${url}`);
    this.#base = url.replace(/\/+$/, "");
    this.#token = token;
    this.#timeoutMs = wholeNumber("timeoutMs", timeoutMs, 1, 3_600_000);
    this.#attemptsMax = wholeNumber("attemptsMax", attemptsMax, 1, 1000);
    this.#backoff = { ...BACKOFF_DEFAULT, ...rest.backoff };
    this.#timing = rest.timing ?? machineTiming;
  }

  /**
   * @returns a 2xx answer
   * @throws CodeqError the server's code; UNREACHABLE when a repeatable request never got an answer, else OUTCOME_UNKNOWN
   */
  async send(request: RestRequest): Promise<RestAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= this.#attemptsMax;
      const outcome = await this.#attempt(request);
      if (!(outcome instanceof CodeqError)) return outcome;
      const unanswered = outcome.code === "UNREACHABLE" || outcome.code === "COMMIT_UNKNOWN";
      if (unanswered && !request.repeatable) throw unknownError(outcome);
      if (last || !(unanswered || TRANSIENT.has(outcome.code))) throw outcome;
      await this.#pause(backoffMs(this.#backoff, attempt, this.#timing.random()));
    }
  }

  async #attempt(request: RestRequest): Promise<RestAnswer | CodeqError> {
    const { method, path, body, waitMs = 0, signal } = request;
    const token = typeof this.#token === "string" ? this.#token : await this.#token();
    const timeout = AbortSignal.timeout(this.#timeoutMs + waitMs);
    signal?.throwIfAborted();
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        redirect: "error",
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const answer = { status: response.status, headers: response.headers, text: await response.text() };
      return response.ok ? answer : refusalOf(answer);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      return new CodeqError("UNREACHABLE", `${method} ${this.#base}${path}: ${reason}`, { cause: error });
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timing.after(delayMs, resolve);
    });
  }
}

/** Error bodies are `{"error","code"}`; what is between us and the server may have others. */
function refusalOf({ status, text }: RestAnswer): CodeqError {
  try {
    const { error, code, detail } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof error === "string" && typeof code === "string") {
      const message = typeof detail === "string" ? `${error}: ${detail}` : error;
      return new CodeqError(serverErrorCode(code), message);
    }
  } catch {
    // Not ours.
  }
  const message = `HTTP status ${status}`;
  return new CodeqError(status >= 500 || status === 429 ? "UNAVAILABLE" : "PROTOCOL", message);
}

function unknownError(cause: CodeqError): CodeqError {
  return new CodeqError("OUTCOME_UNKNOWN", `never answered: ${cause.message}`, { cause });
}
