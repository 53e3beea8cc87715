import { type StatusObject, status } from "@grpc/grpc-js";
import { backoffMs } from "./backoff.ts";
import { CodeqError, type ErrorCode } from "./codeq-error.ts";
import type { Connection } from "./connection-options.ts";
import { OpenStream } from "./open-stream.ts";
import { askToken } from "./token.ts";

/** Who speaks over a link. Nothing here may throw, except `greeted` and `received` for what makes no sense. */
export interface LinkUser {
  readonly path: string;
  /** The first message of each stream. */
  hello(token: string): Buffer;
  /** The server's first message: from now on `send` works. */
  greeted(message: Buffer): void;
  received(message: Buffer): void;
  /** Everything sent has been taken by the connection. */
  writable(): void;
  /** The stream is gone, and what it had not answered is open; the next attempt follows. */
  lost(error: CodeqError): void;
  /** The server will not have us: no further attempt until `open` is called again. */
  refused(error: CodeqError): void;
  /** The stream ended because of `endWriting`. */
  ended(): void;
}

/** A stream that is made anew whenever it breaks, with growing delays in between, until it is closed. */
export class StreamLink {
  readonly #connection: Connection;
  readonly #user: LinkUser;
  #stream: OpenStream | undefined;
  #greeted = false;
  /** Our side has said that it is done. */
  #ending = false;
  #wanted = false;
  #failures = 0;
  #greetedMs = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(connection: Connection, user: LinkUser) {
    this.#connection = connection;
    this.#user = user;
  }

  /** The server has greeted us. */
  get connected(): boolean {
    return this.#greeted && !this.#ending;
  }

  /** We have said that we are done, and the server has not ended the stream yet. */
  get ending(): boolean {
    return this.#greeted && this.#ending;
  }

  /** Connected, and nothing waits to be written. */
  get idle(): boolean {
    return this.connected && this.#stream?.idle === true;
  }

  /** Starts connecting, unless that is under way. */
  open(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    void this.#connect();
  }

  /** Lost when not connected. */
  send(message: Buffer): void {
    if (this.connected) this.#stream?.send(message);
  }

  /** Nothing more will be sent; `ended` or `lost` follows. Only when connected. */
  endWriting(): void {
    this.#ending = true;
    this.#stream?.endWriting();
  }

  /** Breaks the stream, as if it had been lost. */
  reset(error: CodeqError): void {
    if (this.#stream !== undefined) this.#lose(error);
  }

  /** Ends everything at once; nothing is told any more. */
  close(): void {
    this.#wanted = false;
    this.#drop();
  }

  async #connect(): Promise<void> {
    const { token, helloMsMax, timing } = this.#connection;
    this.#ending = false;
    let hello: Buffer;
    try {
      hello = this.#user.hello(typeof token === "string" ? token : await askToken(token));
    } catch (error) {
      if (this.#wanted) this.#lose(error instanceof CodeqError ? error : unfitError(error));
      return;
    }
    if (!this.#wanted || this.#stream !== undefined) return;
    const stream = new OpenStream(this.#connection, this.#user.path, {
      onMessage: (message) => this.#received(message),
      onIdle: () => {
        if (this.connected) this.#user.writable();
      },
      onEnd: (end) => this.#ended(end),
    });
    this.#stream = stream;
    stream.send(hello);
    if (helloMsMax === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = timing.after(helloMsMax, () => {
      this.#lose(new CodeqError("UNAVAILABLE", `no greeting from ${this.#connection.address} in ${helloMsMax} ms`));
    });
  }

  #received(message: Buffer): void {
    try {
      if (this.#greeted) {
        this.#failures = 0;
        this.#user.received(message);
        return;
      }
      this.#cancelTimer();
      this.#greeted = true;
      this.#greetedMs = this.#connection.timing.nowMs();
      this.#user.greeted(message);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#lose(new CodeqError("PROTOCOL", `a message of the server makes no sense: ${reason}`, { cause: error }));
    }
  }

  #ended(end: StatusObject): void {
    if (this.#ending && end.code === status.OK) {
      this.#wanted = false;
      this.#drop();
      this.#user.ended();
      return;
    }
    const error = errorOf(end, this.#connection.address);
    if (this.#greeted || !FINAL.has(end.code)) {
      this.#lose(error);
      return;
    }
    this.#wanted = false;
    this.#drop();
    this.#user.refused(error);
  }

  #lose(error: CodeqError): void {
    const { backoff, timing, onDisconnect } = this.#connection;
    // A stream that lived for a while is no failure, even if nothing was said on it.
    if (this.#greeted && timing.nowMs() - this.#greetedMs >= backoff.maxMs) this.#failures = 0;
    this.#drop();
    this.#failures += 1;
    this.#cancelTimer = timing.after(backoffMs(backoff, this.#failures, timing.random()), () => void this.#connect());
    onDisconnect(error);
    this.#user.lost(error);
  }

  #drop(): void {
    this.#cancelTimer();
    this.#greeted = false;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.discard();
  }
}

function unfitError(cause: unknown): CodeqError {
  return new CodeqError("INTERNAL", `no connection can be made: ${String(cause)}`, { cause });
}

/** Ends of a stream before the greeting that would come again on every attempt. */
const FINAL: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
]);

function errorOf({ code, details }: StatusObject, address: string): CodeqError {
  return new CodeqError(CODES[code] ?? "UNAVAILABLE", `${address}: ${details === "" ? status[code] : details}`);
}

/** Any other end means that the connection broke. */
const CODES: Readonly<Partial<Record<status, ErrorCode>>> = {
  [status.INVALID_ARGUMENT]: "INVALID_ARGUMENT",
  [status.UNAUTHENTICATED]: "UNAUTHENTICATED",
  [status.PERMISSION_DENIED]: "PERMISSION_DENIED",
  [status.FAILED_PRECONDITION]: "PROTOCOL",
  [status.UNIMPLEMENTED]: "PROTOCOL",
  [status.RESOURCE_EXHAUSTED]: "RESOURCE_EXHAUSTED",
  [status.INTERNAL]: "INTERNAL",
};
