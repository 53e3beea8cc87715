import { z } from "zod";

const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(Attribute),
  status: z.object({ code: z.int() }),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })),
});
const Post = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(Attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(Span) })),
    }),
  ),
});

export type CollectedSpan = z.output<typeof Span>;

/** Test-only: takes OTLP over HTTP, as a collector would, and keeps what it gets. */
export class Collector implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly spans: CollectedSpan[] = [];
  readonly resource = new Map<string, unknown>();
  readonly headers: Headers[] = [];
  readonly paths: string[] = [];

  /** @param status what posts are answered with */
  constructor(status = 200) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        this.headers.push(request.headers);
        const { pathname } = new URL(request.url);
        this.paths.push(pathname);
        if (pathname === "/v1/traces") this.#take(Post.parse(await request.json()));
        return Response.json({}, { status });
      },
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  named(name: string): CollectedSpan {
    const found = this.spans.find((span) => span.name === name);
    if (found === undefined) throw new Error(`no span ${name} among ${this.spans.map((span) => span.name).join(", ")}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #take({ resourceSpans }: z.output<typeof Post>): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { key, value } of resource.attributes) this.resource.set(key, Object.values(value)[0]);
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    }
  }
}

export function attributeOf(span: CollectedSpan, key: string): unknown {
  const value = span.attributes.find((attribute) => attribute.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
}
