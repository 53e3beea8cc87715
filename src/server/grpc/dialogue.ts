import type { StreamEnd } from "./stream-end.ts";
import type { StreamSession } from "./stream-session.ts";

/** What one side of the queue says on a stream once it is known who is there. */
export interface Dialogue {
  /** @throws RangeError or TypeError for a message that cannot be read */
  received(message: Buffer): void;
  /** The connection has taken everything: a chance to send what has gathered. */
  writable(): void;
  /** Hands out no more work; may come more than once. What is under way goes on, until the writer takes no more. */
  stop(): void;
  /** Takes no message for now; `StreamSession.settled` is called when it does again. */
  readonly full: boolean;
  /** The client has said its last: hands out what is there for what it asked, and then no more. */
  finish(): void;
  /** Has not handed that out yet; `StreamSession.settled` is called when it has. */
  readonly finishing: boolean;
  /** Requests that wait until something happens in the queue. */
  readonly waiting: number;
  /** The client has work that it may want to hand in over this stream. */
  readonly owed: boolean;
}

/** A dialogue that begins. */
export interface Opening {
  readonly dialogue: Dialogue;
  /** The first message of the server. */
  readonly helloAck: unknown;
  /** The token's; undefined when it does not expire. */
  readonly expiresMs: number | undefined;
}

export type StreamDirection = "producer" | "worker";

/** A kind of stream. */
export interface StreamService {
  readonly direction: StreamDirection;
  /** Makes sense of the first message. May throw like `Dialogue.received`. */
  open(message: Buffer, session: StreamSession): Promise<Opening | StreamEnd>;
}
