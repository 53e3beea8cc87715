import { type Outcome, refused } from "./errors.ts";
import type { Failed, LeaseRefusal } from "./store.ts";

/** What a worker is told when the lease it presents does not hold. The texts are those of the wire protocol. */
export function leaseRefusal(outcome: LeaseRefusal | Failed | undefined): Outcome<never> {
  switch (outcome?.kind) {
    case "not-owner":
      return refused("NOT_OWNER", "not-owner");
    case "not-in-progress":
      return refused("NOT_IN_PROGRESS", "not-in-progress");
    case "failed":
      return refused(outcome.code, outcome.message);
    case "not-found":
    case undefined:
      return refused("NOT_FOUND", "not-found");
  }
}
