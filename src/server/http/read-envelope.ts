import type { z } from "zod";
import { CodeqError } from "../queue/errors.ts";
import { parseEnvelope } from "./json-body.ts";
import { readBody } from "./request-body.ts";
import type { BodySpec, Call } from "./route.ts";

/**
 * The checked body of a request.
 * @throws CodeqError what `readBody` and `parseEnvelope` throw, or INVALID_ARGUMENT with the wire protocol's text and, in `cause`, the
 *   reason
 */
export async function readEnvelope<S extends z.ZodType>(
  { request, server, bodies, caller }: Call,
  spec: BodySpec<S>,
): Promise<z.output<S>> {
  const { limits } = server;
  const text = await readBody(request, limits.bodyBytesMax, bodies, caller.tenant);
  const envelope = parseEnvelope(text === "" && spec.optional ? "{}" : text, spec.shape, {
    depthMax: limits.jsonDepthMax,
    valuesMax: limits.jsonValuesMax,
    itemsMax: spec.itemsMax === undefined ? Number.POSITIVE_INFINITY : limits[spec.itemsMax],
  });
  if (!envelope.ok) throw unfit(spec, envelope.error.message);
  const parsed = spec.schema.safeParse(envelope.value, { error: textOf });
  if (parsed.success) return parsed.data;
  throw unfit(spec, describe(parsed.error.issues[0]));
}

function unfit(spec: BodySpec, detail: string): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", spec.refusal, { cause: detail });
}

/** What is missing needs no word about types; anything else is for the schema to say. */
function textOf({ input }: { readonly input?: unknown }): string | undefined {
  return input === undefined ? "required" : undefined;
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "does not fit";
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
