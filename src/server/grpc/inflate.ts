import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { StreamEnd } from "./stream-end.ts";

const INFLATE = new Map([
  ["gzip", promisify(gunzip)],
  ["deflate", promisify(inflate)],
]);

/**
 * The message that was compressed.
 * @param encoding as the header `grpc-encoding` says
 * @returns how the stream ends when there is none, or a larger one
 */
export async function inflateMessage(bytes: Buffer, encoding: string, bytesMax: number): Promise<Buffer | StreamEnd> {
  const decode = INFLATE.get(encoding);
  if (decode === undefined) {
    const details = `Received message compressed with unsupported encoding "${encoding}"`;
    return new StreamEnd(status.UNIMPLEMENTED, details, "bad_message");
  }
  try {
    return await decode(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      const details = `Received message that decompresses to a size larger than ${bytesMax}`;
      return new StreamEnd(status.RESOURCE_EXHAUSTED, details, "bad_message");
    }
    return new StreamEnd(status.INTERNAL, "Failed to decompress message", "bad_message");
  }
}
