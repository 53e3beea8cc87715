import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { HttpTracing } from "../http/http-tracing.ts";
import type { Log } from "../log.ts";
import type { TaskQueue, TaskQueueOptions } from "../queue/task-queue.ts";
import { type SamplerName, samplerOf } from "./sampler.ts";
import { TaskSpans } from "./task-spans.ts";
import { contextOfHeaders } from "./trace-context.ts";
import { TracedQueue } from "./traced-queue.ts";

export interface TracingOptions {
  readonly serviceName: string;
  readonly version: string;
  /** Where traces are posted. */
  readonly url: string;
  /** How long the collector has to take one post. */
  readonly postMsMax: number;
  readonly sampler: SamplerName;
  /** Share of new traces that a sampler by ratio records, 0 to 1. */
  readonly sampleRatio: number;
  readonly log: Log;
}

/** Spans that wait to be sent; more are dropped. */
const SPANS_MAX = 8192;
const SPANS_PER_POST_MAX = 512;
/** Ids and commands are chosen by clients. */
const ATTRIBUTE_CHARACTERS_MAX = 512;
const POST_INTERVAL_MS = 2000;

/** The only file that knows how traces are made and sent. Loaded when tracing is on. */
export class Tracing implements HttpTracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #active = new AsyncLocalStorage<Context>();
  readonly #spans: TaskSpans;
  readonly #tell: (message: string) => void;

  constructor(options: TracingOptions) {
    this.#tell = troubleTeller(options.log);
    const exporter = new OTLPTraceExporter({ url: options.url, timeoutMillis: options.postMsMax });
    this.#provider = new TracerProvider({
      resource: defaultResource()
        .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
        .merge(resourceFromAttributes({ "service.name": options.serviceName, "service.version": options.version })),
      spanLimits: { attributeValueLengthLimit: ATTRIBUTE_CHARACTERS_MAX },
      sampler: samplerOf(options.sampler, options.sampleRatio),
      spanProcessors: [
        new BatchSpanProcessor({
          exporter,
          maxQueueSize: SPANS_MAX,
          maxExportBatchSize: SPANS_PER_POST_MAX,
          scheduledDelayMillis: POST_INTERVAL_MS,
          exportTimeoutMillis: options.postMsMax,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer("codeq", options.version);
    this.#spans = new TaskSpans(this.#tracer);
  }

  /** A queue that records what is asked of it. */
  queueOf(options: TaskQueueOptions): TaskQueue {
    return new TracedQueue({
      ...options,
      spans: this.#spans,
      request: () => this.#active.getStore() ?? ROOT_CONTEXT,
    });
  }

  /** Probes and scrapes come all the time and have nothing to do with tasks: only the API is recorded. */
  async serve(pattern: string, request: Request, answer: () => Promise<Response>): Promise<Response> {
    if (!pattern.startsWith("/v1/")) return answer();
    const parent = contextOfHeaders(request.headers);
    const { pathname = "", host = "" } = URL.parse(request.url) ?? {};
    const attributes = {
      "http.method": request.method,
      "http.route": pattern,
      "http.path": pathname,
      "http.host": host,
    };
    const span = this.#tracer.startSpan(
      `HTTP ${request.method} ${pattern}`,
      { kind: SpanKind.SERVER, attributes },
      parent,
    );
    const response = await this.#active.run(trace.setSpan(parent, span), answer);
    span.setAttribute("http.status_code", response.status);
    if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    return response;
  }

  /** Sends what is left, for a few seconds at most. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch((error: unknown) => this.#tell(String(error)));
  }
}

/** A collector that is away would be told every two seconds, by every batch: once is enough, until the next start. */
function troubleTeller(log: Log): (message: string) => void {
  let told = false;
  const tell = (message: string): void => {
    if (told) return;
    told = true;
    log.warn("traces cannot be sent; told once, those that follow are lost silently", {
      reason: message.slice(0, 300),
    });
  };
  const silent = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: silent, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  return tell;
}
