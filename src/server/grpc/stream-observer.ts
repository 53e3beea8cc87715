import type { StreamDirection } from "./dialogue.ts";

/** What the streams tell about what passes through them; metrics listen. Must not throw. */
export interface StreamObserver {
  /** Items of one kind that were handled, or handed out, together. */
  batch(kind: "create" | "result" | "assignment", items: number): void;
  /** A stream ended, or was refused. */
  ended(direction: StreamDirection, reason: EndReason): void;
}

/**
 * Why a stream ended:
 * - `client` said its last and has its answers, `disconnected` went without a word
 * - `too_many` are open, `shutdown` of the server, `age`
 * - no `hello` in time or at all, no good token (`auth`), `token_expired`
 * - `bad_message`, `stalled`: the client does not read
 * - `error` of ours
 */
export type EndReason =
  | "client"
  | "disconnected"
  | "too_many"
  | "shutdown"
  | "age"
  | "hello"
  | "auth"
  | "token_expired"
  | "bad_message"
  | "stalled"
  | "error";
