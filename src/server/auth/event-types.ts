import { accepted, type Outcome, refused } from "../queue/errors.ts";
import { foldCommand } from "../queue/task.ts";

/**
 * The commands a worker gets tasks of: what it asks for if its token allows all of that, everything its token allows
 * if it asks for nothing. Undefined stands for every command of its tenant. Case does not matter.
 */
export function claimableCommands(
  eventTypes: readonly string[],
  asked: readonly string[],
): Outcome<readonly string[] | undefined> {
  const wildcard = eventTypes.includes("*");
  if (asked.length === 0) return accepted(wildcard ? undefined : eventTypes);
  if (!wildcard) {
    const allowed = new Set(eventTypes.map(foldCommand));
    if (!asked.every((command) => allowed.has(foldCommand(command)))) {
      return refused("PERMISSION_DENIED", "event type not allowed");
    }
  }
  return accepted(asked);
}
