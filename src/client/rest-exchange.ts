import type { IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { TlsOptions } from "./tls.ts";

export interface RestCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends one request and takes the whole answer; rejects with whatever went wrong on the way. */
export type Exchange = (call: RestCall) => Promise<RestAnswer>;

export async function exchangeByFetch({ url, body, ...init }: RestCall): Promise<RestAnswer> {
  const response = await fetch(url, { ...init, redirect: "error", ...(body === undefined ? {} : { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** With authorities and a client certificate of one's own, which `fetch` takes in a way of its own on each runtime. */
export function exchangeWithTls(tls: TlsOptions): Exchange {
  const agent = new Agent({ ...tls, keepAlive: true });
  return ({ url, body, ...init }) =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(url, { ...init, agent }, (response) => {
        const { statusCode: status = 0, headers } = response;
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status, headers: headersOf(headers), text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      request.on("error", reject);
      request.end(body);
    });
}

function headersOf(incoming: IncomingHttpHeaders): Headers {
  return new Headers(Object.entries(incoming).map(([name, value]) => [name, String(value)]));
}

/** Failures before anything was sent. */
const NOT_SENT: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Whether the server may have got the request that failed. */
export function maybeSent(error: unknown): boolean {
  return !causesOf(error).some((cause) => "code" in cause && NOT_SENT.has(cause.code));
}

/** What went wrong, for people: Node says it in the cause only. */
export function reasonOf(error: unknown): string {
  const messages = causesOf(error).map(({ message }) => message.trim());
  return messages.length === 0 ? String(error) : messages.filter((message) => message !== "").join(": ");
}

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && causes.length < CAUSES_MAX; cause = cause.cause) causes.push(cause);
  return causes;
}

const CAUSES_MAX = 8;
