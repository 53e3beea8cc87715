import { type HttpErrorCode, STATUS_OF } from "../../src/server/http/http-status.ts";
import { openApiDocument } from "../../src/server/http/openapi.ts";
import { API_ROUTES } from "../../src/server/http/routes/api-routes.ts";
import { type JsonSchema, OpenApi, type Operation } from "./openapi-shape.ts";
import { linkTo, nameOf, typeOf } from "./schema-type.ts";
import { code, table } from "./table.ts";

const HEAD = `# HTTP API

<!-- Made by \`bun run generate:docs\` from the schemas that check requests. Do not edit. -->

This page lists what the OpenAPI document of a running server (\`/openapi.json\`, to try out at \`/docs\`) says. Limits named
here are the defaults; [configuration.md](configuration.md) has the settings behind them.

- Every operation but those under *operation* needs \`Authorization: Bearer <token>\`.
- Bodies are JSON whatever their \`Content-Type\`. Members that are not listed are ignored; \`null\` stands for absent.
- Times are RFC 3339 in UTC. Payloads and results come back byte for byte.
- A 2xx means that the change is committed.
- Every answer carries \`X-Request-Id\`; one that is sent along is kept.
- What is no HTTP, a request with an invented method among it, ends the connection without an answer. A known method in the
  wrong place is a 405.

`;

const CODE_NOTES: Readonly<Record<HttpErrorCode, string>> = {
  INVALID_ARGUMENT: "the request is wrong; `detail` says what exactly",
  UNAUTHENTICATED: "no token, or one that is not known",
  PERMISSION_DENIED: "the token may not do this",
  NOT_OWNER: "the lease is held by another worker",
  NOT_FOUND: "no such task in the token's tenant, or no such path",
  METHOD_NOT_ALLOWED: "the path knows other methods; `Allow` lists them",
  NOT_IN_PROGRESS: "nobody holds a lease on the task",
  PAYLOAD_TOO_LARGE: "a body, payload, result or error is over its limit",
  UNSUPPORTED_MEDIA_TYPE: "the body is compressed",
  RATE_LIMITED: "too many requests with this token; `Retry-After` says when to try again",
  INTERNAL: "a fault of the server; the log has the request id",
  RESOURCE_EXHAUSTED: "too much at the same time; try again soon",
  TOO_MANY_COMMANDS:
    "tasks of the tenant have too many different commands; it passes when tasks are finished and deleted",
  UNAVAILABLE: "nothing happened; try again",
  COMMIT_UNKNOWN: "it may or may not have happened: look, or try again with an idempotency key",
  DISK_FULL: "new tasks are refused; claims and results go on",
};

/** The REST API as a page, made from its OpenAPI document. */
export function httpApiPage(): string {
  const text = openApiDocument(API_ROUTES, { base: "/v1/codeq", version: "", retentionMs: 0 });
  const { paths, components } = OpenApi.parse(JSON.parse(text));
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  );
  const contents = operations.map(({ title, operation }) => [
    `[${title}](#${anchorOf(title)})`,
    operation.summary,
    operation.tags[0],
  ]);
  const schemas = Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema));
  return [
    HEAD,
    table(["Operation", "What it does", "For"], contents),
    "\n## Errors\n\n",
    errorsSection(),
    "\n## Operations\n",
    ...operations.map(({ title, operation }) => operationSection(title, operation)),
    "\n## Schemas\n",
    ...schemas,
  ].join("");
}

function errorsSection(): string {
  // The keys of STATUS_OF are its codes.
  const rows = (Object.keys(STATUS_OF) as HttpErrorCode[]).map((name) => [
    code(name),
    String(STATUS_OF[name]),
    CODE_NOTES[name],
  ]);
  return `Refusals have the body ${linkTo("Error")}; \`code\` is stable, \`error\` is for people.\n\n${table(["Code", "Status", "Meaning"], rows)}`;
}

function operationSection(title: string, operation: Operation): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  const parts = [`\n### ${title}\n\n${summary}. ${description ?? "Needs no token."}\n`];
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  for (const { name, description: note } of inQuery) parts.push(`\nQuery: ${code(name)}: ${note ?? ""}\n`);
  if (requestBody !== undefined) {
    parts.push(`\nBody: ${schemaOf(requestBody.content)}${requestBody.required ? "" : ", may be absent"}\n`);
  }
  const rows = Object.entries(responses).map(([status, answer]) => [
    status,
    // Refusals are described by their codes alone.
    Number(status) >= 400 && schemaOf(answer.content) === linkTo("Error")
      ? answer.description.split(", ").map(code).join(", ")
      : answer.description,
    schemaOf(answer.content),
  ]);
  parts.push(`\n${table(["Status", "Meaning", "Body"], rows)}`);
  return parts.join("");
}

function schemaSection(name: string, schema: JsonSchema): string {
  const { properties, required = [] } = schema;
  if (properties === undefined) return `\n### ${name}\n\nObject with members of any name.\n`;
  const rows = Object.entries(properties).map(([member, of]) => [
    code(member),
    typeOf(of),
    required.includes(member) ? "always" : "",
    of.description ?? "",
  ]);
  return `\n### ${name}\n\n${table(["Member", "Type", "Present", "Meaning"], rows)}`;
}

function schemaOf(content: Readonly<Record<string, { readonly schema: JsonSchema }>> | undefined): string {
  const [entry] = Object.entries(content ?? {});
  if (entry === undefined) return "none";
  const [type, { schema }] = entry;
  return schema.$ref === undefined ? type : linkTo(nameOf(schema.$ref));
}

/** As forges make them from a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}
