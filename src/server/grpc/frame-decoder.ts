/** Before each message: whether it is compressed, and how long it is (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const FRAME_HEAD_BYTES = 5;

/** A message that is longer than it may be. */
export class MessageTooLong extends Error {
  override readonly name = "MessageTooLong";

  constructor(bytes: number, bytesMax: number) {
    super(`Received message larger than max (${bytes} vs ${bytesMax})`);
  }
}

const NOTHING: Buffer = Buffer.alloc(0);
const PARTIAL_BYTES_MIN = 256;

/**
 * Cuts what comes from a stream into messages. One that came in one piece is a view of that piece; the bytes of others are
 * gathered, in at most twice the memory that came.
 */
export class FrameDecoder {
  readonly #bytesMax: number;
  #piece = NOTHING;
  #at = 0;
  /** The beginning of a frame that did not come in one piece. */
  #partial = NOTHING;
  #partialBytes = 0;
  /** The message that `next` gave last is compressed. */
  isCompressed = false;

  /** @param bytesMax of a message as it comes */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** To be called when `next` has no more. */
  push(piece: Buffer): void {
    this.#piece = piece;
    this.#at = 0;
  }

  /** @throws MessageTooLong */
  next(): Buffer | undefined {
    return this.#partialBytes === 0 ? this.#whole() : this.#gathered();
  }

  #whole(): Buffer | undefined {
    const piece = this.#piece;
    const start = this.#at;
    const left = piece.length - start;
    if (left >= FRAME_HEAD_BYTES) {
      const frameBytes = this.#frameBytes(piece, start);
      if (left >= frameBytes) {
        this.#at += frameBytes;
        this.isCompressed = piece[start] === 1;
        return piece.subarray(start + FRAME_HEAD_BYTES, this.#at);
      }
    }
    this.#gather(left);
    return undefined;
  }

  #gathered(): Buffer | undefined {
    if (!this.#gather(FRAME_HEAD_BYTES)) return undefined;
    const frameBytes = this.#frameBytes(this.#partial, 0);
    if (!this.#gather(frameBytes)) return undefined;
    const frame = this.#partial;
    this.#partial = NOTHING;
    this.#partialBytes = 0;
    this.isCompressed = frame[0] === 1;
    return frame.subarray(FRAME_HEAD_BYTES, frameBytes);
  }

  #frameBytes(bytes: Buffer, start: number): number {
    const messageBytes = bytes.readUInt32BE(start + 1);
    if (messageBytes > this.#bytesMax) throw new MessageTooLong(messageBytes, this.#bytesMax);
    return FRAME_HEAD_BYTES + messageBytes;
  }

  /** True once so many bytes are gathered. */
  #gather(bytes: number): boolean {
    const missing = Math.min(bytes - this.#partialBytes, this.#piece.length - this.#at);
    if (missing > 0) {
      const gathered = this.#partialBytes + missing;
      if (gathered > this.#partial.length) {
        const larger = Buffer.allocUnsafe(Math.max(gathered, this.#partialBytes * 2, PARTIAL_BYTES_MIN));
        this.#partial.copy(larger, 0, 0, this.#partialBytes);
        this.#partial = larger;
      }
      this.#piece.copy(this.#partial, this.#partialBytes, this.#at, this.#at + missing);
      this.#partialBytes = gathered;
      this.#at += missing;
    }
    return this.#partialBytes >= bytes;
  }
}
