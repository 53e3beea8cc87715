import type { z } from "zod";
import type { WorkerScope } from "../auth/authenticators.ts";
import type { Caller } from "../auth/principal.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { HttpOptions } from "./http-server.ts";
import type { EnvelopeShape } from "./json-body.ts";
import type { RateScope } from "./rate-limit.ts";
import { readEnvelope } from "./read-envelope.ts";
import type { ResponseName } from "./response-schemas.ts";

/** One operation of the API. The same row routes requests, checks them, and describes them in the OpenAPI document. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Below `/v1/codeq`; `:name` is a parameter. */
  readonly path: string;
  /** Name in the OpenAPI document. */
  readonly operation: string;
  readonly summary: string;
  readonly access: Access;
  /** Undefined for what is never limited. */
  readonly rate: { readonly scope: RateScope; readonly operation: string } | undefined;
  readonly body: BodySpec | undefined;
  /** Integer query parameters, by name. */
  readonly query: Readonly<Record<string, string>>;
  readonly answers: readonly Answer[];
  readonly run: (call: Call) => Promise<Response>;
}

export type Access =
  | { readonly kind: "producer" }
  | { readonly kind: "worker"; readonly scope: WorkerScope }
  | { readonly kind: "any" }
  | { readonly kind: "admin" };

export interface BodySpec<S extends z.ZodType = z.ZodType> {
  /** Name of the schema in the OpenAPI document. */
  readonly name: string;
  readonly schema: S;
  readonly shape: EnvelopeShape;
  /** Text of the wire protocol for a body that does not fit. */
  readonly refusal: string;
  /** An absent body counts as `{}`. */
  readonly optional: boolean;
  /** Most items of the list in the body. */
  readonly itemsMax: "batchMax" | "resultsBatchMax" | undefined;
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Undefined for an empty body. */
  readonly schema: ResponseName | undefined;
}

/** A request that was let in. */
export interface Call {
  readonly server: HttpOptions;
  readonly request: Request;
  readonly requestId: string;
  readonly caller: Caller;
  /** Decoded; null for what is not valid percent-encoded UTF-8. */
  readonly params: Readonly<Record<string, string | null | undefined>>;
  readonly bodies: BodyBudget;
  /** Lets the connection be silent for that long. */
  readonly allowSilence: (seconds: number) => void;
}

type RouteRow = Pick<Route, "method" | "path" | "operation" | "summary" | "access" | "answers"> &
  Partial<Pick<Route, "rate" | "query">>;

/** A route that reads no body. */
export function route(row: RouteRow & Pick<Route, "run">): Route {
  return { rate: undefined, body: undefined, query: {}, ...row };
}

/** A route whose body is checked by its schema before the handler sees it. */
export function bodyRoute<S extends z.ZodType>(
  row: RouteRow & {
    readonly body: Pick<BodySpec<S>, "name" | "schema"> & Partial<BodySpec<S>>;
    readonly handle: (call: Call, body: z.output<S>) => Promise<Response>;
  },
): Route {
  const { handle, ...rest } = row;
  const body: BodySpec<S> = {
    shape: { raw: undefined, list: undefined },
    refusal: "invalid body",
    optional: false,
    itemsMax: undefined,
    ...row.body,
  };
  return {
    rate: undefined,
    query: {},
    ...rest,
    body,
    run: async (call) => handle(call, await readEnvelope(call, body)),
  };
}
