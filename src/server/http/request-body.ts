import { CodeqError } from "../queue/errors.ts";
import type { BodyBudget } from "./body-budget.ts";

/**
 * The body of a request as text.
 * @throws CodeqError PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_ARGUMENT when it is not UTF-8 or cut off, or
 *   RESOURCE_EXHAUSTED when too much is being read already
 */
export async function readBody(request: Request, bytesMax: number, budget: BodyBudget): Promise<string> {
  refuseEncoded(request);
  const declared = request.headers.get("content-length");
  const bytes = declared === null ? bytesMax : Number(declared);
  if (bytes > bytesMax) throw tooLarge(`${bytes} bytes`, bytesMax);
  budget.reserve(bytes);
  try {
    // A declared length is enforced by the server underneath; only without one there is something to count.
    return decodeUtf8(declared === null ? await readCounting(request, bytesMax) : await readAll(request));
  } finally {
    budget.release(bytes);
  }
}

function refuseEncoded(request: Request): void {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  throw new CodeqError("UNSUPPORTED_MEDIA_TYPE", "a request body must not be compressed (Content-Encoding)");
}

async function readAll(request: Request): Promise<Uint8Array> {
  try {
    return await request.bytes();
  } catch (error) {
    throw cutOff(error);
  }
}

async function readCounting(request: Request, bytesMax: number): Promise<Uint8Array> {
  // Declared without an element type; a request body is made of bytes.
  const body = request.body as AsyncIterable<Uint8Array> | null;
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooLarge(`more than ${bytesMax} bytes`, bytesMax);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof CodeqError ? error : cutOff(error);
  }
  return Buffer.concat(chunks);
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
