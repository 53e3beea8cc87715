/** What a client asked for, and the way to the real server. */
export interface Call {
  readonly method: string;
  /** Behind `/v1/codeq`. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Sends it on, with another body if one is given. */
  forward(body?: Readonly<Record<string, unknown>>): Promise<Response>;
  /** Asks the real server for something else, in the name of the client. */
  also(path: string, body: Readonly<Record<string, unknown>>): Promise<Response>;
}

/** @returns undefined to behave */
export type Misbehaviour = (call: Call) => Promise<Response> | Response | undefined;

/** A server that is broken in one way: it stands before a real one and interferes. */
export class MisbehavingServer implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;

  constructor(realUrl: string, misbehave: Misbehaviour) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        const text = await request.text();
        const headers = { authorization: request.headers.get("authorization") ?? "" };
        const forward = async (body?: Readonly<Record<string, unknown>>): Promise<Response> => {
          const sent = body === undefined ? text : JSON.stringify(body);
          const answer = await fetch(`${realUrl}${pathname}`, {
            method: request.method,
            headers,
            ...(request.method === "GET" ? {} : { body: sent }),
          });
          // A status without a body must not get one.
          return new Response(answer.status === 204 ? null : await answer.text(), { status: answer.status });
        };
        const also = (path: string, body: Readonly<Record<string, unknown>>): Promise<Response> =>
          fetch(`${realUrl}/v1/codeq${path}`, { method: "POST", headers, body: JSON.stringify(body) });
        const body: unknown = text === "" ? {} : JSON.parse(text);
        // k6 sends objects only.
        const fields = body as Readonly<Record<string, unknown>>;
        const call = { method: request.method, path: pathname.replace("/v1/codeq", ""), body: fields, forward, also };
        return (await misbehave(call)) ?? (await forward());
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

export function isCreate({ method, path }: Call): boolean {
  return method === "POST" && path === "/tasks";
}

export function isClaim({ path }: Call): boolean {
  return path === "/tasks/claim";
}

export function isResult({ path }: Call): boolean {
  return path.endsWith("/result");
}

export function isStats({ path }: Call): boolean {
  return path.startsWith("/admin/queues/");
}

/** Answers every nth call of a kind itself. */
export function every(
  nth: number,
  applies: (call: Call) => boolean,
  answer: (call: Call) => Promise<Response> | Response,
): Misbehaviour {
  let calls = 0;
  return (call) => (applies(call) && (calls += 1) % nth === 0 ? answer(call) : undefined);
}
