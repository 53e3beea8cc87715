import type { z } from "zod";
import { CodeqError } from "../queue/errors.ts";
import type { BodyBudget } from "./body-budget.ts";
import type { HttpLimits } from "./http-limits.ts";
import { parseEnvelope } from "./json-body.ts";
import { readBody } from "./request-body.ts";
import type { BodySpec } from "./route.ts";

/**
 * The checked body of a request.
 * @throws CodeqError what `readBody` throws, or INVALID_ARGUMENT with the wire protocol's text and, in `cause`, the
 *   reason
 */
export async function readEnvelope<S extends z.ZodType>(
  request: Request,
  spec: BodySpec<S>,
  limits: HttpLimits,
  bodies: BodyBudget,
): Promise<z.output<S>> {
  const text = await readBody(request, limits.bodyBytesMax, bodies);
  const envelope = parseEnvelope(text === "" && spec.optional ? "{}" : text, spec.shape, limits.jsonDepthMax);
  if (!envelope.ok) throw unfit(spec, envelope.error.message);
  refuseLongList(envelope.value, spec, limits);
  const parsed = spec.schema.safeParse(envelope.value);
  if (parsed.success) return parsed.data;
  throw unfit(spec, describe(parsed.error.issues[0]));
}

/** Before the schema looks at every item. */
function refuseLongList(envelope: Record<string, unknown>, spec: BodySpec, limits: HttpLimits): void {
  if (spec.itemsMax === undefined || spec.shape.list === undefined) return;
  const list = envelope[spec.shape.list];
  const itemsMax = limits[spec.itemsMax];
  if (!Array.isArray(list) || list.length <= itemsMax) return;
  throw new CodeqError("INVALID_ARGUMENT", `batch size exceeds maximum of ${itemsMax}`, {
    cause: `${spec.shape.list} has ${list.length} items`,
  });
}

function unfit(spec: BodySpec, detail: string): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", spec.refusal, { cause: detail });
}

function describe(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "does not fit";
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
