import { expect, test } from "bun:test";
import { resolveConfig } from "../config.ts";
import { authSecrets, authWarnings, chooseAuth, isLoopback } from "./auth-choice.ts";
import type { ServerConfig } from "./settings.ts";

function configOf(env: Readonly<Record<string, string>>): ServerConfig {
  return resolveConfig({ flags: new Map(), env }, undefined).config;
}

const STATIC = {
  PRODUCER_AUTH_PROVIDER: "static",
  PRODUCER_AUTH_CONFIG: '{"token":"producer-secret","subject":"p","raw":{"tenantId":"acme"}}',
  WORKER_AUTH_PROVIDER: "static",
  WORKER_AUTH_CONFIG: '{"token":"worker-secret","subject":"w","raw":{"tenantId":"acme"},"eventTypes":["*"]}',
};

test.each(["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"])("%s is loopback", (host) => {
  expect(isLoopback(host)).toBe(true);
  expect(chooseAuth(configOf({ CODEQ_HOST: host }))).toEqual({ kind: "dev" });
});

test.each(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org", "localhost.example.org", "::ffff:10.0.0.1"])(
  "without authentication the server does not start on %s",
  (host) => {
    const choice = chooseAuth(configOf({ CODEQ_HOST: host }));
    expect(choice.kind === "refused" ? choice.reason : choice.kind).toContain("--allow-dev-token");
  },
);

test("unless the dev token is allowed, with a warning", () => {
  const config = configOf({ CODEQ_HOST: "0.0.0.0", CODEQ_ALLOW_DEV_TOKEN: "true" });
  expect(chooseAuth(config)).toEqual({ kind: "dev" });
  expect(authWarnings(config, { kind: "dev" }).join()).toContain("anybody who can reach 0.0.0.0");
});

test("a configured token that is the dev token is no better", () => {
  const config = configOf({ ...STATIC, CODEQ_HOST: "0.0.0.0", WORKER_AUTH_CONFIG: '{"token":" dev-token "}' });
  expect(chooseAuth(config).kind).toBe("refused");
  const nested = '{"providers":[{"type":"static","config":"dev-token"},{"type":"static","config":{"token":"b"}}]}';
  const multi = { ...STATIC, CODEQ_HOST: "0.0.0.0", WORKER_AUTH_PROVIDER: "multi", WORKER_AUTH_CONFIG: nested };
  expect(chooseAuth(configOf(multi)).kind).toBe("refused");
});

test("own tokens may be used on any address", () => {
  const config = configOf({ ...STATIC, CODEQ_HOST: "0.0.0.0" });
  const choice = chooseAuth(config);
  expect(choice.kind).toBe("configured");
  expect(authWarnings(config, choice)).toEqual([]);
});

test("defect 2: a producer and a worker of different tenants are pointed out", () => {
  const env = { ...STATIC, PRODUCER_AUTH_CONFIG: '{"token":"producer-secret","subject":"producer-dev"}' };
  const config = configOf(env);
  const [warning = ""] = authWarnings(config, chooseAuth(config));
  expect(warning).toContain("tenant producer-dev");
  expect(warning).toContain("tenant acme");
});

test("defect 28: an environment that is not dev is told that the dev token is accepted", () => {
  const config = configOf({ ENV: "prod" });
  expect(authWarnings(config, chooseAuth(config)).join()).toContain("env is prod");
});

test("half an authentication is pointed out", () => {
  const { WORKER_AUTH_PROVIDER: _provider, WORKER_AUTH_CONFIG: _config, ...producerOnly } = STATIC;
  const config = configOf(producerOnly);
  expect(authWarnings(config, chooseAuth(config))).toEqual([
    "no worker authentication is configured: nobody can claim tasks",
  ]);
});

test("the older variables make a key set provider", () => {
  const config = configOf({ IDENTITY_SERVICE_URL: "https://id.example.org", IDENTITY_AUDIENCE: "codeq" });
  expect(chooseAuth(config)).toMatchObject({
    settings: {
      producer: {
        type: "jwks",
        config: {
          jwksUrl: "https://id.example.org/v1/.well-known/jwks.json",
          issuer: "https://id.example.org",
          audience: "codeq",
          clockSkew: 60e9,
        },
      },
    },
  });
});

test("a token alone is passed on as the JSON text providers expect", () => {
  const config = configOf({ PRODUCER_AUTH_PROVIDER: "static", PRODUCER_AUTH_CONFIG: '"just-a-token"' });
  expect(chooseAuth(config)).toMatchObject({ settings: { producer: { type: "static", config: '"just-a-token"' } } });
});

test("the secrets of the settings are known, to be kept out of logs", () => {
  expect(authSecrets(configOf(STATIC))).toEqual(["producer-secret", "worker-secret"]);
});
