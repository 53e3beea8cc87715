import { status } from "@grpc/grpc-js";
import { type Credential, digestOf } from "../auth/credential.ts";
import type { CodeqError } from "../queue/errors.ts";
import { StreamEnd } from "./stream-end.ts";

/** On the streams the token comes in the first message. Undefined for a blank one. */
export function credentialOf(token: string): Credential | undefined {
  const trimmed = token.trim();
  return trimmed === "" ? undefined : { token: trimmed, digest: digestOf(trimmed) };
}

/** The texts are part of the wire protocol. */
export function authRefusal(error: CodeqError): StreamEnd {
  return error.code === "UNAUTHENTICATED"
    ? new StreamEnd(status.UNAUTHENTICATED, `auth failed: ${error.message}`, "auth")
    : StreamEnd.of(error, error.code === "PERMISSION_DENIED" ? "auth" : "error");
}
