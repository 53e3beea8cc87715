import { type Backoff, backoffMs, checkedBackoff } from "./backoff.ts";
import { wholeNumber } from "./bounds.ts";
import { CodeqError, serverErrorCode } from "./codeq-error.ts";
import {
  type Exchange,
  exchangeByFetch,
  exchangeWithTls,
  maybeSent,
  type RestAnswer,
  reasonOf,
} from "./rest-exchange.ts";
import { machineTiming, type Timing } from "./timing.ts";
import { checkedTls, type TlsOptions } from "./tls.ts";
import { askToken, checkedToken, type Token } from "./token.ts";

export interface RestOptions {
  /** Default: `http://127.0.0.1:8080`. */
  readonly url?: string;
  /** A function is asked before each request, for tokens that expire. */
  readonly token: Token;
  /** For an `https:` url: authorities to trust instead of the machine's, and a client certificate. */
  readonly tls?: true | TlsOptions;
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
  readonly headers?: Readonly<Record<string, string>>;
  /** Doing it twice is as good as once. */
  readonly repeatable: boolean;
  /** Default: as many as the options say. */
  readonly attemptsMax?: number;
  /** The server may take so long on purpose. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Refusals that say "not now", and that nothing was done. */
const TRANSIENT: ReadonlySet<string> = new Set(["UNAVAILABLE", "RATE_LIMITED", "RESOURCE_EXHAUSTED"]);

interface Failure {
  readonly error: CodeqError;
  /** It may have been done all the same. */
  readonly maybeDone: boolean;
}

/** Sends requests, repeats what may be repeated, and makes errors of refusals. */
export class RestTransport {
  readonly #base: string;
  readonly #token: Token;
  readonly #exchange: Exchange;
  readonly #timeoutMs: number;
  readonly #attemptsMax: number;
  readonly #backoff: Backoff;
  readonly #timing: Timing;

  /** @throws CodeqError INVALID_ARGUMENT */
  constructor({ url = "http://127.0.0.1:8080", token, timeoutMs = 30_000, attemptsMax = 4, ...rest }: RestOptions) {
    const { protocol } = URL.canParse(url) ? new URL(url) : {};
    if (protocol !== "http:" && protocol !== "https:") {
      throw new CodeqError("INVALID_ARGUMENT", `url is ${url}: it must begin with http:// or https://`);
    }
    const tls = checkedTls(rest.tls);
    if (tls !== undefined && protocol === "http:") {
      throw new CodeqError("INVALID_ARGUMENT", `tls is given, but url is ${url}: it must begin with https://`);
    }
    this.#base = url.replace(/\/+$/, "");
    this.#token = checkedToken(token);
    this.#exchange = tls === undefined || Object.keys(tls).length === 0 ? exchangeByFetch : exchangeWithTls(tls);
    this.#timeoutMs = wholeNumber("timeoutMs", timeoutMs, 1, 3_600_000);
    this.#attemptsMax = wholeNumber("attemptsMax", attemptsMax, 1, 1000);
    this.#backoff = checkedBackoff(rest.backoff);
    this.#timing = rest.timing ?? machineTiming;
  }

  /**
   * @returns a 2xx answer
   * @throws CodeqError the server's code; UNREACHABLE when nothing was done, OUTCOME_UNKNOWN when something may have been;
   * ABORTED
   */
  async send(request: RestRequest): Promise<RestAnswer> {
    const attemptsMax = request.attemptsMax ?? this.#attemptsMax;
    let maybeDone = false;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(request);
      if ("status" in outcome) return outcome;
      const { error } = outcome;
      maybeDone ||= outcome.maybeDone;
      const mayPass = outcome.maybeDone || error.code === "UNREACHABLE" || TRANSIENT.has(error.code);
      if (!mayPass) throw error;
      if ((maybeDone && !request.repeatable) || attempt >= attemptsMax) throw maybeDone ? unknownError(error) : error;
      await this.#pause(backoffMs(this.#backoff, attempt, this.#timing.random()), request.signal);
    }
  }

  async #attempt(request: RestRequest): Promise<RestAnswer | Failure> {
    const { method, path, body, headers, waitMs = 0, signal } = request;
    const token = await askToken(this.#token);
    throwIfAborted(signal);
    const url = this.#base + path;
    const ending = new AbortController();
    const limitMs = this.#timeoutMs + waitMs;
    const cancelTimer = this.#timing.after(limitMs, () => ending.abort(new Error(`no answer in ${limitMs} ms`)));
    const abort = (): void => ending.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    try {
      const answer = await this.#exchange({
        method,
        url,
        headers: { ...headers, authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
        signal: ending.signal,
      });
      return answer.status >= 200 && answer.status < 300 ? answer : refusalOf(answer);
    } catch (thrown) {
      throwIfAborted(signal);
      const cause: unknown = ending.signal.aborted ? ending.signal.reason : thrown;
      const error = new CodeqError("UNREACHABLE", `${method} ${url}: ${reasonOf(cause)}`, { cause });
      // Reading changes nothing.
      return { error, maybeDone: method !== "GET" && maybeSent(cause) };
    } finally {
      cancelTimer();
      signal?.removeEventListener("abort", abort);
    }
  }

  #pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#timing.after(delayMs, end);
      signal?.addEventListener("abort", end);
    });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const cause: unknown = signal.reason;
  throw new CodeqError("ABORTED", `given up: ${reasonOf(cause)}`, { cause });
}

/** Error bodies are `{"error","code"}`; what is between us and the server may have others. */
function refusalOf({ status, text }: RestAnswer): Failure {
  const error = errorOf(status, text);
  return { error, maybeDone: error.code === "COMMIT_UNKNOWN" };
}

function errorOf(status: number, text: string): CodeqError {
  try {
    const { error, code, detail } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof error === "string" && typeof code === "string") {
      const message = typeof detail === "string" ? `${error}: ${detail}` : error;
      return new CodeqError(serverErrorCode(code), message);
    }
  } catch {
    // Not ours.
  }
  return new CodeqError(status >= 500 || status === 429 ? "UNAVAILABLE" : "PROTOCOL", `HTTP status ${status}`);
}

function unknownError(cause: CodeqError): CodeqError {
  return new CodeqError("OUTCOME_UNKNOWN", `never answered: ${cause.message}`, { cause });
}
