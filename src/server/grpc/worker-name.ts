import type { Caller } from "../auth/principal.ts";

/** Lets a token that may not work on every command choose worker ids freely. */
const FREE_NAMES_SCOPE = "codeq:worker-id";

/**
 * The name a worker's leases are held under. What a worker says about itself counts only within the name space of its
 * token, `subject#name`, so that nobody can act for another; trusted tokens choose freely.
 */
export function workerNameOf(caller: Caller, asked: string): string {
  const name = asked.trim();
  if (name === "" || name === caller.subject) return caller.subject;
  if (caller.scopes.has(FREE_NAMES_SCOPE) || caller.eventTypes.includes("*")) return name;
  // Without a "#" of its own no name can look like that of another subject.
  return `${caller.subject}#${name.replaceAll("%", "%25").replaceAll("#", "%23")}`;
}
