import { CodeqError } from "../queue/errors.ts";
import { admitRequest } from "./admit-request.ts";
import { BodyBudget } from "./body-budget.ts";
import type { HttpOptions } from "./http-server.ts";
import { requestIdOf } from "./request-id.ts";
import { errorResponse, refusalResponse } from "./responses.ts";
import type { Route } from "./route.ts";

/** A connection that waits on purpose may be silent a little longer than the wait itself. */
const SILENCE_MARGIN_SECONDS = 10;

/** Takes every request from its arrival to its answer: id, door, handler, error mapping, telemetry. */
export class Exchange {
  readonly #server: HttpOptions;
  readonly #bodies: BodyBudget;
  #setTimeout: (request: Request, seconds: number) => void = () => undefined;
  #underWay = 0;
  #draining = false;

  constructor(server: HttpOptions) {
    this.#server = server;
    this.#bodies = new BodyBudget(server.limits.bodyBytesMax);
  }

  /** @param setTimeout how long a request's connection may be silent */
  attach(setTimeout: (request: Request, seconds: number) => void): void {
    this.#setTimeout = setTimeout;
  }

  /** From now on connections are closed after their answer. */
  drain(): void {
    this.#draining = true;
  }

  /** An operation of the API. */
  serve(route: Route, pattern: string, request: Request, params: Record<string, string>): Promise<Response> {
    return this.answer(pattern, request, (requestId) => this.#operate(route, request, requestId, params));
  }

  /** @param pattern of the route, for telemetry */
  answer(
    pattern: string,
    request: Request,
    handle: (requestId: string) => Response | Promise<Response>,
  ): Promise<Response> {
    const { tracing } = this.#server;
    if (tracing === undefined) return this.#answer(pattern, request, handle);
    return tracing.serve(pattern, request, () => this.#answer(pattern, request, handle));
  }

  /** For what goes wrong outside of any handler. */
  failed(error: unknown): Response {
    const requestId = this.#server.randomHex(16);
    return this.#internal(requestId, error);
  }

  async #answer(
    pattern: string,
    request: Request,
    handle: (requestId: string) => Response | Promise<Response>,
  ): Promise<Response> {
    const startMs = this.#server.stopwatchMs();
    const requestId = requestIdOf(request, this.#server.randomHex);
    this.#underWay += 1;
    const response = await this.#guard(pattern, requestId, handle);
    if (this.#draining) response.headers.set("connection", "close");
    this.#underWay -= 1;
    const seconds = (this.#server.stopwatchMs() - startMs) / 1000;
    this.#server.onRequest(pattern, request.method, response.status, seconds, requestId);
    return response;
  }

  async #guard(
    pattern: string,
    requestId: string,
    handle: (requestId: string) => Response | Promise<Response>,
  ): Promise<Response> {
    try {
      if (this.#underWay > this.#server.limits.requestsMax) throw this.#overload();
      return await handle(requestId);
    } catch (error) {
      if (error instanceof CodeqError && error.code !== "INTERNAL") {
        // The others may come by the thousand, and whoever finds them tells the log once.
        if (error.code === "COMMIT_UNKNOWN") this.#server.log.warn("outcome unknown", { requestId, route: pattern });
        return refusalResponse(requestId, error);
      }
      return this.#internal(requestId, error);
    }
  }

  async #operate(route: Route, request: Request, requestId: string, params: Record<string, string>): Promise<Response> {
    const admitted = await admitRequest(route, request, requestId, this.#server);
    if (admitted instanceof Response) return admitted;
    return route.run({
      server: this.#server,
      request,
      requestId,
      caller: admitted,
      params,
      bodies: this.#bodies,
      allowSilence: (seconds) => this.#setTimeout(request, Math.ceil(seconds) + SILENCE_MARGIN_SECONDS),
    });
  }

  #internal(requestId: string, error: unknown): Response {
    this.#server.log.error("request failed unexpectedly", { requestId, error });
    return errorResponse(requestId, { code: "INTERNAL", error: "internal error" });
  }

  #overload(): CodeqError {
    return new CodeqError(
      "RESOURCE_EXHAUSTED",
      `too many requests at the same time (limit ${this.#server.limits.requestsMax})`,
    );
  }
}
