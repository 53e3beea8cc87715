import { BucketHistogram, LATENCY_BOUNDS_SECONDS } from "./bucket-histogram.ts";
import type { Family } from "./family.ts";

/** Others are counted as this one: a client can invent methods. */
const OTHER_METHOD = "other";
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

class RouteTally {
  readonly byStatus = new Map<number, number>();
  readonly latency = new BucketHistogram(LATENCY_BOUNDS_SECONDS);
}

/** HTTP requests by route pattern, method and status. */
export class RequestMetrics {
  readonly #routes = new Map<string, Map<string, RouteTally>>();
  readonly #claimLatency = new BucketHistogram(LATENCY_BOUNDS_SECONDS);
  readonly #rateLimitHits = new Map<string, { readonly scope: string; readonly operation: string; count: number }>();

  /** @param route a pattern such as `/v1/codeq/tasks/:id`, never a path as sent */
  observe(route: string, method: string, status: number, seconds: number): void {
    const tally = this.#tally(route, METHODS.has(method) ? method : OTHER_METHOD);
    tally.byStatus.set(status, (tally.byStatus.get(status) ?? 0) + 1);
    tally.latency.observe(seconds);
    if (status === 200 && CLAIM_ROUTE.test(route)) this.#claimLatency.observe(seconds);
  }

  rateLimited(scope: string, operation: string): void {
    const key = `${scope} ${operation}`;
    const hits = this.#rateLimitHits.get(key) ?? { scope, operation, count: 0 };
    hits.count += 1;
    this.#rateLimitHits.set(key, hits);
  }

  families(): Family[] {
    return [
      {
        name: "codeq_http_requests_total",
        help: "HTTP requests answered",
        type: "counter",
        collect: () =>
          this.#flatMap((tally, labels) =>
            [...tally.byStatus].map(([status, value]) => ({ labels: { ...labels, status }, value })),
          ),
      },
      {
        name: REQUEST_SECONDS,
        help: "From the request to its answer, waiting included",
        type: "histogram",
        collect: () => this.#flatMap((tally, labels) => tally.latency.samples(REQUEST_SECONDS, labels)),
      },
      {
        name: CLAIM_SECONDS,
        help: "From the request to the answer of claims that got tasks, waiting included",
        type: "histogram",
        collect: () => this.#claimLatency.samples(CLAIM_SECONDS, {}),
      },
      {
        name: "codeq_rate_limit_hits_total",
        help: "Requests refused, and messages on streams held up, because of a rate limit",
        type: "counter",
        collect: () =>
          [...this.#rateLimitHits.values()].map(({ scope, operation, count }) => ({
            labels: { scope, operation },
            value: count,
          })),
      },
    ];
  }

  #tally(route: string, method: string): RouteTally {
    let methods = this.#routes.get(route);
    if (methods === undefined) {
      methods = new Map();
      this.#routes.set(route, methods);
    }
    let tally = methods.get(method);
    if (tally === undefined) {
      tally = new RouteTally();
      methods.set(method, tally);
    }
    return tally;
  }

  #flatMap<T>(
    of: (tally: RouteTally, labels: { readonly route: string; readonly method: string }) => readonly T[],
  ): T[] {
    return [...this.#routes].flatMap(([route, methods]) =>
      [...methods].flatMap(([method, tally]) => of(tally, { route, method })),
    );
  }
}

const CLAIM_ROUTE = /\/tasks\/claim(\/batch)?$/;
const REQUEST_SECONDS = "codeq_http_request_duration_seconds";
const CLAIM_SECONDS = "codeq_claim_latency_seconds";
