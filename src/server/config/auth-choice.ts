import type { AuthSettings, ProviderSettings } from "../auth/authenticators.ts";
import { resolveTenant } from "../auth/tenant-claims.ts";
import { grpcListens } from "./grpc-listens.ts";
import { isMapping } from "./mapping.ts";
import type { ServerConfig } from "./settings.ts";

/** Known to everybody who read the documentation. */
export const DEV_TOKEN = "dev-token";
export const DEV_TENANT = "dev-tenant";

/** How tokens are checked, or why the server must not start like this. */
export type AuthChoice =
  | { readonly kind: "dev" }
  | { readonly kind: "configured"; readonly settings: AuthSettings }
  | { readonly kind: "refused"; readonly reason: string };

export function chooseAuth(config: ServerConfig): AuthChoice {
  const producer = producerOf(config);
  const worker = workerOf(config);
  const unconfigured = producer === undefined && worker === undefined;
  const usesDevToken = unconfigured || authSecrets(config).includes(DEV_TOKEN);
  const exposed = exposedHost(config);
  if (usesDevToken && exposed !== undefined && !config.allowDevToken) {
    const how = unconfigured ? "no authentication is configured" : `the configured token is "${DEV_TOKEN}"`;
    const ways = "set PRODUCER_AUTH_CONFIG and WORKER_AUTH_CONFIG to tokens of your own, or pass --allow-dev-token";
    return {
      kind: "refused",
      reason: `${how}, and others can reach ${exposed}: anybody could use the publicly known token; ${ways}`,
    };
  }
  if (unconfigured) return { kind: "dev" };
  return { kind: "configured", settings: { producer, worker, allowProducerAsWorker: config.allowProducerAsWorker } };
}

/** What is odd about the choice, for the log. */
export function authWarnings(config: ServerConfig, choice: AuthChoice): string[] {
  const warnings: string[] = [];
  const known = choice.kind === "dev" || authSecrets(config).includes(DEV_TOKEN);
  const exposed = exposedHost(config);
  if (known && exposed !== undefined) {
    warnings.push(`anybody who can reach ${exposed} can use the publicly known token "${DEV_TOKEN}"`);
  }
  if (known && config.environment !== "dev") {
    warnings.push(`env is ${config.environment}, but the publicly known token "${DEV_TOKEN}" is accepted`);
  }
  if (choice.kind !== "configured") return warnings;
  const { producer, worker } = choice.settings;
  if (producer === undefined) warnings.push("no producer authentication is configured: nobody can create tasks");
  if (worker === undefined && !config.allowProducerAsWorker) {
    warnings.push("no worker authentication is configured: nobody can claim tasks");
  }
  const [producerTenant, workerTenant] = [tenantOf(producer), tenantOf(worker)];
  if (producerTenant !== undefined && workerTenant !== undefined && producerTenant !== workerTenant) {
    warnings.push(
      `the producer token is of tenant ${producerTenant}, the worker token of tenant ${workerTenant}: ` +
        'what the one creates the other never gets; give both the same "tenantId" in "raw"',
    );
  }
  return warnings;
}

/** The texts in the authentication settings that must not be shown to anybody. */
export function authSecrets(config: ServerConfig): string[] {
  return [...secretsIn(config.producerAuthConfig), ...secretsIn(config.workerAuthConfig)];
}

/** An address that is not of this machine alone, if there is one. */
function exposedHost(config: ServerConfig): string | undefined {
  const hosts = [config.host, ...grpcListens(config).map(({ host }) => host)];
  return hosts.find((host) => !isLoopback(host));
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

function producerOf(config: ServerConfig): ProviderSettings | undefined {
  const explicit = explicitProvider(config.producerAuthProvider, config.producerAuthConfig);
  if (explicit !== undefined) return explicit;
  const { identityServiceUrl: service, identityAudience: audience } = config;
  const jwksUrl = config.identityJwksUrl ?? (service === undefined ? undefined : `${service}/v1/.well-known/jwks.json`);
  if (jwksUrl === undefined) return undefined;
  return { type: "jwks", config: { jwksUrl, issuer: config.identityIssuer ?? service, audience, ...timing(config) } };
}

function workerOf(config: ServerConfig): ProviderSettings | undefined {
  const explicit = explicitProvider(config.workerAuthProvider, config.workerAuthConfig);
  if (explicit !== undefined || config.workerJwksUrl === undefined) return explicit;
  const { workerJwksUrl: jwksUrl, workerIssuer: issuer, workerAudience: audience } = config;
  return { type: "jwks", config: { jwksUrl, issuer, audience, ...timing(config) } };
}

function explicitProvider(type: string | undefined, config: unknown): ProviderSettings | undefined {
  if (type === undefined && config === undefined) return undefined;
  // What holds a token needs no key set.
  const fallback = typeof config === "string" || (isMapping(config) && "token" in config) ? "static" : "jwks";
  // A provider reads texts as JSON; a token alone is a JSON string to it.
  return { type: type ?? fallback, config: typeof config === "string" ? JSON.stringify(config) : config };
}

/** Key set providers count in nanoseconds. */
function timing(config: ServerConfig): { readonly clockSkew: number; readonly httpTimeout: number } {
  return { clockSkew: config.clockSkewMs * 1e6, httpTimeout: 5e9 };
}

/** The tenant of a static provider's one token. */
function tenantOf(provider: ProviderSettings | undefined): string | undefined {
  if (provider?.type !== "static" || !isMapping(provider.config)) return undefined;
  const { raw, subject } = provider.config;
  return resolveTenant(isMapping(raw) ? raw : {}, typeof subject === "string" ? subject : "static");
}

function secretsIn(value: unknown, isSecret = true): string[] {
  if (typeof value === "string") return isSecret ? [value.trim()] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown) => secretsIn(item, false));
  if (!isMapping(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => secretsIn(item, key === "token" || key === "config"));
}
