import { CodeqError } from "../queue/errors.ts";
import type { BodyBudget } from "./body-budget.ts";

/** A body that says it is no larger is not reserved: how many there are is bounded by the requests under way. */
const FREE_BYTES_MAX = 4096;
/** A body that says it is no larger is reserved at once and read in one piece, which costs less. */
const ONE_PIECE_BYTES_MAX = 262_144;

/**
 * The body of a request as text. Of a large one only what has arrived is reserved: many announce much and send it
 * late, or never.
 * @throws CodeqError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT when it is not UTF-8 or cut off, or
 *   RESOURCE_EXHAUSTED when too much is being read already
 */
export async function readBody(
  request: Request,
  bytesMax: number,
  budget: BodyBudget,
  tenant: string,
): Promise<string> {
  refuseEncoded(request);
  const declared = request.headers.get("content-length");
  // A declared length is enforced by the server underneath.
  const bytes = declared === null ? Number.POSITIVE_INFINITY : Number(declared);
  if (declared !== null && bytes > bytesMax) throw tooLarge(`${bytes} bytes`, bytesMax);
  if (bytes <= FREE_BYTES_MAX) return decodeUtf8(await readWhole(request));
  let reserved = 0;
  const reserve = (more: number): void => {
    budget.reserve(tenant, more);
    reserved += more;
  };
  try {
    if (bytes > ONE_PIECE_BYTES_MAX) return decodeUtf8(await readPieces(request, bytesMax, reserve));
    reserve(bytes);
    return decodeUtf8(await readWhole(request));
  } finally {
    budget.release(tenant, reserved);
  }
}

function refuseEncoded(request: Request): void {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  throw new CodeqError("UNSUPPORTED_MEDIA_TYPE", "a request body must not be compressed (Content-Encoding)");
}

async function readWhole(request: Request): Promise<Uint8Array> {
  try {
    return await request.bytes();
  } catch (error) {
    throw cutOff(error);
  }
}

/** @param reserve called with the size of each piece as it arrives */
async function readPieces(request: Request, bytesMax: number, reserve: (bytes: number) => void): Promise<Uint8Array> {
  // Declared without an element type; a request body is made of bytes.
  const body = request.body as AsyncIterable<Uint8Array> | null;
  if (body === null) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += piece.byteLength;
      if (bytes > bytesMax) throw tooLarge(`more than ${bytesMax} bytes`, bytesMax);
      reserve(piece.byteLength);
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof CodeqError ? error : cutOff(error);
  }
  return Buffer.concat(pieces);
}

// Keeps a byte order mark: it is not part of JSON, so the JSON parser refuses it.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new CodeqError("INVALID_ARGUMENT", "invalid body", { cause: "not valid UTF-8" });
  }
}

function tooLarge(size: string, bytesMax: number): CodeqError {
  return new CodeqError("PAYLOAD_TOO_LARGE", `request body of ${size} is over the limit of ${bytesMax} bytes`);
}

function cutOff(cause: unknown): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", "the request body was cut off", { cause });
}
