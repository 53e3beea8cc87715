import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { accepted, refused } from "../queue/errors.ts";
import type { Authenticator } from "./authenticators.ts";
import { digestOf } from "./credential.ts";
import { principalOf, type TokenContent } from "./principal.ts";
import { parseProviderConfig } from "./provider-config.ts";

/** One token, known beforehand. Digests are compared, so the time taken tells nothing about the token. */
export function staticAuthenticator(content: TokenContent & { readonly token: string }): Authenticator {
  const expected = digestOf(content.token);
  const known = accepted(principalOf(content));
  const unknown = refused("UNAUTHENTICATED", "invalid token");
  return {
    authenticate: (credential) => (timingSafeEqual(credential.digest, expected) ? known : unknown),
  };
}

/** @throws CodeqError INVALID_ARGUMENT */
export function buildStatic(name: string, config: unknown): Authenticator {
  const value = typeof config === "string" ? { token: config } : config;
  return staticAuthenticator(parseProviderConfig(name, StaticConfig, value));
}

const TOKEN_REQUIRED = "static auth: token is required";

const StaticConfig = z.strictObject({
  token: z.string(TOKEN_REQUIRED).trim().min(1, TOKEN_REQUIRED),
  subject: z.string().default("static"),
  email: z.string().default(""),
  scopes: z.array(z.string()).default([]),
  eventTypes: z.array(z.string()).default([]),
  raw: z.record(z.string(), z.unknown()).default({}),
});
