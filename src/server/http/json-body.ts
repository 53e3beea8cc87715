import { NotJson } from "../json/json-scan.ts";
import { elementsOf, type Member, membersOf, TooDeep } from "../json/json-text.ts";
import { accepted, type Outcome, refused } from "../queue/errors.ts";
import { LargeEnvelope } from "./large-envelope.ts";
import { duplicateKey, listTooLong, notAnObject, protoKey, UnfitBody } from "./unfit-body.ts";

/** How a request body is built: which member stays JSON text, and which holds a list of objects built alike. */
export interface EnvelopeShape {
  readonly raw: "payload" | "result" | undefined;
  readonly list: "tasks" | "results" | undefined;
}

export interface EnvelopeBounds {
  /** Nesting of arrays and objects in a member. */
  readonly depthMax: number;
  /** Values of a large body, those in raw members aside. */
  readonly valuesMax: number;
  /** Items of the list. */
  readonly itemsMax: number;
}

/** Below this many UTF-16 units no body can keep anybody busy, whatever is in it. */
export const LARGE_FROM = 65_536;

/**
 * Reads a JSON object strictly (RFC 8259). What producers and workers hand over is not ours to change: the value of
 * the raw member comes out as the very text that came in. Around it, duplicate keys and `__proto__` are refused,
 * because two readers could understand them differently; inside it anything valid goes.
 *
 * @returns the object, or INVALID_ARGUMENT whose message says what is wrong
 * @throws CodeqError what goes over a bound: INVALID_ARGUMENT for the list, PAYLOAD_TOO_LARGE for the values
 */
export function parseEnvelope(
  text: string,
  shape: EnvelopeShape,
  bounds: EnvelopeBounds,
): Outcome<Record<string, unknown>> {
  try {
    return accepted(
      text.length < LARGE_FROM ? readSmall(text, shape, bounds) : new LargeEnvelope(text, shape, bounds).read(),
    );
  } catch (error) {
    if (error instanceof TooDeep) return refused("INVALID_ARGUMENT", `nested deeper than ${bounds.depthMax} levels`);
    if (error instanceof UnfitBody || error instanceof NotJson) return refused("INVALID_ARGUMENT", error.message);
    throw error;
  }
}

/** The native parser checks and reads the text; a second look at the same text only finds where values lie. */
function readSmall(text: string, shape: EnvelopeShape, bounds: EnvelopeBounds): Record<string, unknown> {
  const value = parseJson(text);
  if (!isObject(value)) throw value === undefined ? new NotJson() : notAnObject();
  const list = shape.list === undefined ? undefined : value[shape.list];
  if (shape.list !== undefined && Array.isArray(list) && list.length > bounds.itemsMax) {
    throw listTooLong(shape.list, String(list.length), bounds.itemsMax);
  }
  // A member of a list item may be as deep as a member of the body: its list and the item itself do not count.
  const levels = shape.list === undefined ? bounds.depthMax : bounds.depthMax + 2;
  fillRaw(text, 0, value, shape, levels);
  return value;
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
  if (Object.hasOwn(value, "__proto__")) throw protoKey();
  if (members.length === Object.keys(value).length) return;
  const seen = new Set<string>();
  for (const { key } of members) {
    if (seen.has(key)) throw duplicateKey(key);
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
