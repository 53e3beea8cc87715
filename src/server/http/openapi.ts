import { z } from "zod";
import { type HttpErrorCode, STATUS_OF } from "./http-status.ts";
import { RESPONSES, type ResponseName } from "./response-schemas.ts";
import type { Access, Route } from "./route.ts";
import { PUBLIC_OPERATIONS } from "./routes/public-operations.ts";

interface OpenApiOptions {
  /** Where the routes hang. */
  readonly base: string;
  readonly version: string;
  readonly retentionMs: number;
}

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document, as JSON text: made from the rows that route requests and the schemas that check them. */
export function openApiDocument(routes: readonly Route[], options: OpenApiOptions): string {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = options.base + route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  for (const { path, ...operation } of PUBLIC_OPERATIONS) paths[path] = { get: publicOperation(operation) };
  return JSON.stringify({
    openapi: "3.1.0",
    info: {
      title: "codeq",
      version: options.version,
      description:
        "A durable task queue. Times are RFC 3339 in UTC, payloads come back byte for byte, and an answer of success " +
        `means the change is committed. Finished tasks are kept for ${options.retentionMs / 1000} s.`,
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: schemasOf(routes),
    },
  });
}

function operationOf(route: Route): Json {
  return {
    operationId: route.operation,
    summary: route.summary,
    description:
      ACCESS_NOTES[route.access.kind] + (route.access.kind === "worker" ? ` \`${route.access.scope}\`.` : ""),
    tags: [TAGS[route.access.kind]],
    security: [{ bearer: [] }],
    parameters: parametersOf(route),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: !route.body.optional, content: jsonContent(route.body.name) } }),
    responses: { ...successesOf(route), ...refusalsOf(route) },
  };
}

function publicOperation(operation: Omit<(typeof PUBLIC_OPERATIONS)[number], "path">): Json {
  const { operation: operationId, summary, answers } = operation;
  const responses = answers.map(({ status, description, schema }): [number, Json] => {
    const content = schema === undefined ? { "text/plain": { schema: { type: "string" } } } : jsonContent(schema);
    return [status, { description, content }];
  });
  return { operationId, summary, tags: ["operation"], security: [], responses: Object.fromEntries(responses) };
}

function parametersOf(route: Route): Json[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => {
    return { name, in: "path", required: true, schema: { type: "string" } };
  });
  const inQuery = Object.entries(route.query).map(([name, description]) => {
    return { name, in: "query", required: false, description, schema: { type: "integer", minimum: 0 } };
  });
  return [...inPath, ...inQuery];
}

function successesOf(route: Route): Json {
  const entries = route.answers.map(({ status, description, schema }): [number, Json] => {
    return [status, { description, ...(schema === undefined ? {} : { content: jsonContent(schema) }) }];
  });
  return Object.fromEntries(entries);
}

function refusalsOf(route: Route): Json {
  const codes: HttpErrorCode[] = ["UNAUTHENTICATED", "PERMISSION_DENIED", "UNAVAILABLE", "COMMIT_UNKNOWN"];
  if (route.rate !== undefined) codes.push("RATE_LIMITED");
  if (route.body !== undefined) codes.push("INVALID_ARGUMENT", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
  else if (route.path.includes(":command")) codes.push("INVALID_ARGUMENT");
  if (route.path.includes(":id")) codes.push("NOT_FOUND");
  if (route.path.includes(":id") && route.method === "POST") codes.push("NOT_OWNER", "NOT_IN_PROGRESS");
  if (route.access.kind === "producer") codes.push("TOO_MANY_COMMANDS");
  // New tasks are refused early, so that the others go on; but a disk can fill up for these as well.
  if (route.method === "POST") codes.push("DISK_FULL");
  const byStatus = Map.groupBy(codes, (code) => STATUS_OF[code]);
  const entries = [...byStatus].map(([status, group]): [number, Json] => {
    return [status, { description: group.join(", "), content: jsonContent("Error") }];
  });
  return Object.fromEntries(entries);
}

function jsonContent(schema: string): Json {
  return { "application/json": { schema: { $ref: refTo(schema) } } };
}

function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

function schemasOf(routes: readonly Route[]): Json {
  const registry = z.registry<{ id: string }>();
  for (const { body } of routes) if (body !== undefined) registry.add(body.schema, { id: body.name });
  for (const name of Object.keys(RESPONSES)) {
    // The keys of RESPONSES are its names.
    registry.add(RESPONSES[name as ResponseName], { id: name });
  }
  const { schemas } = z.toJSONSchema(registry, {
    io: "input",
    unrepresentable: "any",
    uri: refTo,
    override: ({ jsonSchema }) => {
      // Members that stay JSON text inside are ordinary values on the wire.
      if (jsonSchema["wire"] === "any") delete jsonSchema.type;
      if (jsonSchema["wire"] === "object") jsonSchema.type = "object";
      delete jsonSchema["wire"];
      // Answers may grow.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const entries = Object.entries(schemas).map(([name, { $id: _id, $schema: _schema, ...schema }]): [string, Json] => {
    return [name, schema];
  });
  return Object.fromEntries(entries);
}

const TAGS: Readonly<Record<Access["kind"], string>> = {
  producer: "producers",
  worker: "workers",
  any: "tasks",
  admin: "administration",
};

const ACCESS_NOTES: Readonly<Record<Access["kind"], string>> = {
  producer: "Needs a producer's token.",
  worker: "Needs a worker's token with scope",
  any: "Needs a producer's or a worker's token.",
  admin: "Needs a producer's token with scope `codeq:admin` or role `ADMIN`.",
};
