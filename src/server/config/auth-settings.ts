import { choice, duration, json, optional, text, toggle } from "./kinds.ts";
import { HOUR, SECOND } from "./quantities.ts";
import { type Setting, setting } from "./setting.ts";

/** Who may use the server. */
export const authSettings = {
  allowDevToken: setting({
    key: "allowDevToken",
    flag: "allow-dev-token",
    env: ["CODEQ_ALLOW_DEV_TOKEN"],
    kind: toggle(),
    fallback: false,
    group: "Auth",
    help: "accept the publicly known dev-token on an address others can reach",
  }),
  producerAuthProvider: setting({
    key: "producerAuthProvider",
    flag: "producer-auth-provider",
    env: ["PRODUCER_AUTH_PROVIDER"],
    kind: optional(choice(["static", "jwks", "multi"])),
    fallback: undefined,
    group: "Auth",
    help: "how producer tokens are checked",
  }),
  producerAuthConfig: setting({
    key: "producerAuthConfig",
    flag: undefined,
    env: ["PRODUCER_AUTH_CONFIG"],
    kind: optional(json()),
    fallback: undefined,
    group: "Auth",
    help: "the provider's own settings",
    secret: true,
  }),
  workerAuthProvider: setting({
    key: "workerAuthProvider",
    flag: "worker-auth-provider",
    env: ["WORKER_AUTH_PROVIDER"],
    kind: optional(choice(["static", "jwks", "multi"])),
    fallback: undefined,
    group: "Auth",
    help: "how worker tokens are checked",
  }),
  workerAuthConfig: setting({
    key: "workerAuthConfig",
    flag: undefined,
    env: ["WORKER_AUTH_CONFIG"],
    kind: optional(json()),
    fallback: undefined,
    group: "Auth",
    help: "the provider's own settings",
    secret: true,
  }),
  allowProducerAsWorker: setting({
    key: "allowProducerAsWorker",
    flag: "allow-producer-as-worker",
    env: ["ALLOW_PRODUCER_AS_WORKER"],
    kind: toggle(),
    fallback: false,
    group: "Auth",
    help: "let producer tokens do a worker's work",
  }),
  identityServiceUrl: identity(
    "identityServiceUrl",
    "identity-service-url",
    "issuer of producer tokens, and where its keys are",
  ),
  identityJwksUrl: identity("identityJwksUrl", "identity-jwks-url", "key set of producer tokens"),
  identityIssuer: identity("identityIssuer", "identity-issuer", "issuer of producer tokens"),
  identityAudience: identity("identityAudience", "identity-audience", "audience of producer tokens"),
  workerJwksUrl: identity("workerJwksUrl", "worker-jwks-url", "key set of worker tokens"),
  workerIssuer: identity("workerIssuer", "worker-issuer", "issuer of worker tokens"),
  workerAudience: setting({
    key: "workerAudience",
    flag: "worker-audience",
    env: ["WORKER_AUDIENCE"],
    kind: text("a text", 2048),
    fallback: "codeq-worker",
    group: "Auth",
    help: "audience of worker tokens",
  }),
  clockSkewMs: setting({
    key: "allowedClockSkewSeconds",
    flag: "clock-skew",
    env: ["ALLOWED_CLOCK_SKEW_SECONDS"],
    kind: duration({ min: 0, max: HOUR }),
    fallback: 60 * SECOND,
    group: "Auth",
    help: "by how much the clock of a token's issuer may differ",
  }),
  environment: setting({
    key: "env",
    flag: "env",
    env: ["ENV"],
    kind: text("a name", 64),
    fallback: "dev",
    group: "Auth",
    help: "anything but dev warns about development credentials",
  }),
} as const;

function identity(key: string, flag: string, help: string): Setting<string | undefined> {
  const env = [key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()];
  return { key, flag, env, kind: optional(text("a text", 2048)), fallback: undefined, group: "Auth", help };
}
