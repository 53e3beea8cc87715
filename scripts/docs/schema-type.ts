import type { JsonSchema } from "./openapi-shape.ts";

/** A schema as a few words: `integer from 1 to 9`, `list of [Task](#task)`. */
export function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return linkTo(nameOf(schema.$ref));
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.anyOf !== undefined) return unionOf(schema.anyOf.map(typeOf));
  if (Array.isArray(schema.type)) return unionOf(schema.type);
  if (schema.type === "array") return `list of ${schema.items === undefined ? "anything" : typeOf(schema.items)}`;
  if (schema.type === "integer") return `integer${rangeOf(schema)}`;
  if (schema.type === "object" && schema.properties !== undefined) return membersOf(schema);
  return schema.type ?? "anything";
}

/** The name that `#/components/schemas/Task` refers to. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

export function linkTo(schema: string): string {
  return `[${schema}](#${schema.toLowerCase()})`;
}

/** `null` stands for absent everywhere and is not worth repeating. */
function unionOf(types: readonly string[]): string {
  return types.filter((type) => type !== "null").join(" or ");
}

function membersOf({ properties = {} }: JsonSchema): string {
  const members = Object.entries(properties).map(([name, schema]) => `\`${name}\`: ${typeOf(schema)}`);
  return `{ ${members.join(", ")} }`;
}

/** Bounds that only say "a number" are left out. */
function rangeOf({ minimum, maximum }: JsonSchema): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` from ${low}`;
  return high === undefined ? "" : ` to ${high}`;
}
