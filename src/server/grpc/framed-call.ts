import type { ServerHttp2Stream } from "node:http2";
import { Metadata, type ServerInterceptingCallInterface, status } from "@grpc/grpc-js";
import { BinaryWriter } from "../../../proto/wire.ts";
import { CodeqError } from "../queue/errors.ts";
import { FRAME_HEAD_BYTES, FrameDecoder, MessageTooLong } from "./frame-decoder.ts";
import { inflateMessage } from "./inflate.ts";
import { StreamEnd } from "./stream-end.ts";

/** What happens on a call. */
export interface CallListener {
  /** One message for each `startRead`; may come while that runs. */
  received(message: Buffer): void;
  /** The connection has taken the message that was sent. */
  taken(): void;
  /** The client has said its last. */
  halfClosed(): void;
  /** What came is no message. */
  broken(end: StreamEnd): void;
  /** The stream has ended, by whomever. */
  gone(): void;
}

/** What grpc-js keeps to itself of a call. */
interface CallInternals {
  readonly stream: ServerHttp2Stream;
  /** How compressed messages are compressed. */
  readonly incomingEncoding: string;
}

/** One for all calls: a message is written in one go, and copied. */
const writer = new BinaryWriter();

/**
 * A call of grpc-js whose messages go straight from and to its HTTP/2 stream. The library would make seven objects and a
 * promise of each message that comes, stop the stream and start it again, and copy each that goes twice; a tenth of the
 * server where nothing is batched. Opening and ending a call, deadlines and keep-alive stay with it.
 */
export class FramedCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #stream: ServerHttp2Stream;
  readonly #encoding: string;
  readonly #encode: (event: unknown, writer: BinaryWriter) => BinaryWriter;
  readonly #messageBytesMax: number;
  readonly #decoder: FrameDecoder;
  #listener: CallListener | undefined;
  #wanted = false;
  /** Messages are being handed over, or one is being inflated. */
  #busy = false;
  /** The client has said its last, and nobody was told. */
  #ended = false;
  #responded = false;
  /** Made once: it is needed for each message. */
  readonly #written = (error: unknown): void => {
    if (!(error instanceof Error)) this.#listener?.taken();
    else this.#listener?.broken(new StreamEnd(status.INTERNAL, "Internal server error", "error"));
  };

  /**
   * @param encode writes the message for an event
   * @throws CodeqError INTERNAL when grpc-js is another than this was made for
   */
  constructor(
    call: ServerInterceptingCallInterface,
    encode: (event: unknown, writer: BinaryWriter) => BinaryWriter,
    messageBytesMax: number,
  ) {
    const { stream, incomingEncoding } = internalsOf(call);
    this.#call = call;
    this.#stream = stream;
    this.#encoding = incomingEncoding;
    this.#encode = encode;
    this.#messageBytesMax = messageBytesMax;
    this.#decoder = new FrameDecoder(messageBytesMax);
  }

  start(listener: CallListener): void {
    this.#listener = listener;
    const stream = this.#stream;
    // Those of grpc-js. It has stopped the stream until somebody reads.
    for (const event of ["data", "end"]) stream.removeAllListeners(event);
    stream.on("data", (piece: Buffer) => {
      this.#decoder.push(piece);
      this.#handOver();
    });
    stream.on("end", () => {
      this.#ended = true;
      this.#handOver();
    });
    const nothing = (): void => undefined;
    this.#call.start({
      onReceiveMetadata: nothing,
      onReceiveMessage: nothing,
      onReceiveHalfClose: nothing,
      onCancel: () => listener.gone(),
    });
  }

  /** Asks for the next message. */
  startRead(): void {
    this.#wanted = true;
    if (this.#busy) return;
    this.#handOver();
    if (this.#wanted && !this.#busy && this.#stream.isPaused()) this.#stream.resume();
  }

  /** One message at a time: the next once the listener was told that this one has been taken. */
  sendMessage(event: unknown): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    if (!this.#responded) {
      this.#responded = true;
      this.#call.sendMetadata(new Metadata());
    }
    stream.write(this.#frameOf(event), this.#written);
  }

  sendStatus(end: { readonly code: status; readonly details: string }): void {
    this.#wanted = false;
    this.#call.sendStatus({ code: end.code, details: end.details });
  }

  #frameOf(event: unknown): Buffer {
    this.#encode(event, writer.reset().skip(FRAME_HEAD_BYTES));
    const bytes = writer.pos;
    const frame = Buffer.allocUnsafe(bytes);
    writer.copyTo(frame);
    // Not compressed.
    frame[0] = 0;
    frame.writeUInt32BE(bytes - FRAME_HEAD_BYTES, 1);
    return frame;
  }

  #handOver(): void {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#wanted) {
      const message = this.#next();
      if (message === undefined) break;
      if (this.#decoder.isCompressed) {
        this.#stream.pause();
        void this.#inflate(message);
        return;
      }
      this.#wanted = false;
      this.#listener?.received(message);
    }
    this.#busy = false;
    if (!this.#wanted) this.#stream.pause();
    else if (this.#ended) {
      this.#ended = false;
      this.#wanted = false;
      this.#listener?.halfClosed();
    }
  }

  #next(): Buffer | undefined {
    try {
      return this.#decoder.next();
    } catch (error) {
      if (!(error instanceof MessageTooLong)) throw error;
      this.#wanted = false;
      this.#listener?.broken(new StreamEnd(status.RESOURCE_EXHAUSTED, error.message, "bad_message"));
      return undefined;
    }
  }

  /** Those that follow wait. */
  async #inflate(compressed: Buffer): Promise<void> {
    const message = await inflateMessage(compressed, this.#encoding, this.#messageBytesMax);
    if (message instanceof StreamEnd) {
      this.#listener?.broken(message);
      return;
    }
    this.#wanted = false;
    this.#listener?.received(message);
    this.#busy = false;
    if (this.#wanted) this.startRead();
  }
}

function internalsOf(call: ServerInterceptingCallInterface): CallInternals {
  const { stream, incomingEncoding } = call as Partial<CallInternals>;
  if (typeof stream?.respond !== "function" || typeof incomingEncoding !== "string") {
    throw new CodeqError("INTERNAL", "this version of grpc-js keeps the streams of its calls elsewhere");
  }
  return { stream, incomingEncoding };
}
