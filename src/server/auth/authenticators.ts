import { CodeqError, type Outcome } from "../queue/errors.ts";
import type { Credential } from "./credential.ts";
import { buildMulti } from "./multi-provider.ts";
import type { Principal } from "./principal.ts";
import { buildStatic, staticAuthenticator } from "./static-provider.ts";

/** Tells whose token this is. Providers that need no I/O answer at once. */
export interface Authenticator {
  authenticate(credential: Credential): Outcome<Principal> | Promise<Outcome<Principal>>;
}

/** The tokens of producers (and admins) and those of workers are looked up apart; one token may be both. */
export interface Authenticators {
  readonly producer: Authenticator | undefined;
  readonly worker: Authenticator | undefined;
  /** A producer's token also works as a worker's, with every worker scope and every command. */
  readonly allowProducerAsWorker: boolean;
}

export interface ProviderSettings {
  /** `static`, `multi`. */
  readonly type: string;
  /** The provider's own settings: JSON text, or the mapping it stands for. */
  readonly config: unknown;
}

export interface AuthSettings {
  readonly producer: ProviderSettings | undefined;
  readonly worker: ProviderSettings | undefined;
  readonly allowProducerAsWorker: boolean;
}

export const WORKER_SCOPES = [
  "codeq:claim",
  "codeq:heartbeat",
  "codeq:abandon",
  "codeq:nack",
  "codeq:result",
  "codeq:subscribe",
] as const;

export type WorkerScope = (typeof WORKER_SCOPES)[number];

/** @throws CodeqError INVALID_ARGUMENT that names the setting and never quotes its values */
export function buildAuthenticators(settings: AuthSettings): Authenticators {
  return {
    producer: settings.producer === undefined ? undefined : buildProvider("producer auth", settings.producer),
    worker: settings.worker === undefined ? undefined : buildProvider("worker auth", settings.worker),
    allowProducerAsWorker: settings.allowProducerAsWorker,
  };
}

/** One token that may do everything for one tenant, for trying things out on one's own machine. */
export function devAuthenticators(token: string, tenant: string): Authenticators {
  const raw = { tid: tenant, role: "ADMIN" };
  return {
    producer: staticAuthenticator({
      token,
      subject: "producer-dev",
      email: "dev@codeq.local",
      scopes: [],
      eventTypes: [],
      raw,
    }),
    worker: staticAuthenticator({
      token,
      subject: "worker-dev",
      email: "dev@codeq.local",
      scopes: WORKER_SCOPES,
      eventTypes: ["*"],
      raw,
    }),
    allowProducerAsWorker: false,
  };
}

function buildProvider(name: string, settings: ProviderSettings): Authenticator {
  const config = typeof settings.config === "string" ? parseJson(name, settings.config) : settings.config;
  switch (settings.type) {
    case "static":
      return buildStatic(name, config);
    case "multi":
      return buildMulti(name, config, (entry, entryName) => buildProvider(entryName, entry));
    case "jwks":
      throw new CodeqError("INVALID_ARGUMENT", `${name}: provider "jwks" is not built in yet; use "static" or "multi"`);
    default:
      throw new CodeqError("INVALID_ARGUMENT", `${name}: unknown auth provider type: ${settings.type}`);
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and the text holds a token.
    throw new CodeqError("INVALID_ARGUMENT", `${name}: the configuration is not valid JSON`);
  }
}
