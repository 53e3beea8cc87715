import { hash } from "node:crypto";
import { accepted, type Outcome, refused } from "../queue/errors.ts";

/** A bearer token as presented, with its SHA-256: tokens are compared, and rate limits keyed, by the digest. */
export interface Credential {
  readonly token: string;
  readonly digest: Buffer;
}

/** @param header the value of `Authorization` (HTTP header or gRPC metadata) */
export function readCredential(header: string | null | undefined): Outcome<Credential> {
  const text = header?.trim() ?? "";
  if (text === "") return refused("UNAUTHENTICATED", "missing Authorization header");
  const space = text.indexOf(" ");
  if (space < 0 || text.slice(0, space).toLowerCase() !== "bearer") {
    return refused("UNAUTHENTICATED", "invalid Authorization format");
  }
  const token = text.slice(space + 1).trim();
  return accepted({ token, digest: digestOf(token) });
}

export function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}
