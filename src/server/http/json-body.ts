import { accepted, CodeqError, type Outcome } from "../queue/errors.ts";
import { elementsOf, type Member, membersOf, TooDeep } from "./json-text.ts";

/** How a request body is built: which member stays JSON text, and which holds a list of objects built alike. */
export interface EnvelopeShape {
  readonly raw: "payload" | "result" | undefined;
  readonly list: "tasks" | "results" | undefined;
}

/**
 * Reads a JSON object strictly (RFC 8259). What producers and workers hand over is not ours to change: the value of
 * the raw member comes out as the very text that came in. Around it, duplicate keys and `__proto__` are refused,
 * because two readers could understand them differently; inside it anything valid goes.
 *
 * The native parser checks and reads the text; a second look at the same text only finds where values lie.
 *
 * @returns the object, or INVALID_ARGUMENT whose message says what is wrong
 */
export function parseEnvelope(text: string, shape: EnvelopeShape, depthMax: number): Outcome<Record<string, unknown>> {
  const value = parseJson(text);
  if (!isObject(value)) return wrong(value === undefined ? "not valid JSON" : "must be a JSON object");
  try {
    // A member of a list item may be as deep as a member of the body: its list and the item itself do not count.
    const levels = shape.list === undefined ? depthMax : depthMax + 2;
    fillRaw(text, 0, value, shape, levels);
  } catch (error) {
    if (error instanceof TooDeep) return wrong(`nested deeper than ${depthMax} levels`);
    if (error instanceof CodeqError) return { ok: false, error };
    throw error;
  }
  return accepted(value);
}

/** Replaces raw members, found in the object that starts at `start`, by their text. */
function fillRaw(
  text: string,
  start: number,
  value: Record<string, unknown>,
  shape: EnvelopeShape,
  depthMax: number,
): void {
  const members = membersOf(text, start, depthMax);
  refuseAmbiguous(members, value);
  for (const member of members) {
    if (member.key === shape.raw) value[member.key] = text.slice(member.start, member.end);
    else if (member.key === shape.list) fillList(text, member, value[member.key], shape, depthMax);
  }
}

function fillList(text: string, list: Member, values: unknown, shape: EnvelopeShape, depthMax: number): void {
  if (!Array.isArray(values)) return;
  const itemShape: EnvelopeShape = { raw: shape.raw, list: undefined };
  for (const [index, span] of elementsOf(text, list.start, depthMax).entries()) {
    const item: unknown = values[index];
    if (isObject(item)) fillRaw(text, span.start, item, itemShape, depthMax);
  }
}

function refuseAmbiguous(members: readonly Member[], value: Record<string, unknown>): void {
  if (Object.hasOwn(value, "__proto__")) throw new CodeqError("INVALID_ARGUMENT", 'key "__proto__" is not allowed');
  if (members.length === Object.keys(value).length) return;
  const seen = new Set<string>();
  for (const { key } of members) {
    if (seen.has(key)) throw new CodeqError("INVALID_ARGUMENT", `duplicate key ${JSON.stringify(key.slice(0, 64))}`);
    seen.add(key);
  }
}

/** Undefined when the text is not JSON; JSON has no undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(message: string): { readonly ok: false; readonly error: CodeqError } {
  return { ok: false, error: new CodeqError("INVALID_ARGUMENT", message) };
}
