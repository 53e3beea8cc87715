import { describe, expect, test } from "bun:test";
import { flattenConfig } from "./config/config-file.ts";
import { foreignSettings } from "./config/foreign-settings.ts";
import { settingNames } from "./config/layers.ts";
import { configJson, configText } from "./config/print-config.ts";
import type { Setting } from "./config/setting.ts";
import { settings } from "./config/settings.ts";
import { type LoadedConfig, resolveConfig } from "./config.ts";
import { StartError } from "./start-error.ts";

interface Given {
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: unknown;
}

function load({ flags = {}, env = {}, file }: Given): LoadedConfig {
  const keys = new Set(settingNames.map((name) => settings[name].key));
  const parsed = file === undefined ? undefined : flattenConfig("codeq.yaml", file, keys);
  return resolveConfig({ flags: new Map(Object.entries(flags)), env }, parsed);
}

/** The text a server refuses to start with. */
function refusal(given: Given): string {
  try {
    load(given);
  } catch (error) {
    if (error instanceof StartError && error.exitCode === 2) return error.message;
    throw error;
  }
  throw new Error("the configuration was accepted");
}

describe("precedence", () => {
  test("a flag goes before a variable, a variable before the file, the file before the default", () => {
    const file = { port: 1001, shards: 2, defaultLeaseSeconds: 60 };
    const { config, origins } = load({ flags: { port: "1003" }, env: { PORT: "1002", CODEQ_SHARDS: "3" }, file });
    expect(config).toMatchObject({ port: 1003, shards: 3, leaseMsDefault: 60_000, maxAttemptsDefault: 5 });
    expect(origins.port.label).toBe("flag --port");
    expect(origins.shards.label).toBe("environment variable CODEQ_SHARDS");
    expect(origins.leaseMsDefault.label).toBe("configuration file codeq.yaml: defaultLeaseSeconds");
    expect(origins.maxAttemptsDefault.label).toBe("default");
  });

  test("an empty variable is not set", () => {
    expect(load({ env: { PORT: " " }, file: { port: 1001 } }).config.port).toBe(1001);
  });

  test("a file key without a value is not set", () => {
    expect(load({ file: { port: null } }).config.port).toBe(8080);
  });
});

describe("the table of settings", () => {
  test("every key, flag and variable belongs to one setting", () => {
    const rows: Setting<unknown>[] = settingNames.map((name) => settings[name]);
    const keys = [...rows.map(({ key }) => key), ...foreignSettings.map(({ key }) => key)];
    const flags = rows.flatMap(({ flag }) => flag ?? []);
    const variables = [...rows.flatMap(({ env }) => env), ...foreignSettings.flatMap(({ env }) => env)];
    for (const names of [keys, flags, variables]) expect(names).toEqual([...new Set(names)]);
  });

  test("every default is one that could be set", () => {
    for (const name of settingNames) {
      const row: Setting<unknown> = settings[name];
      if (row.fallback === undefined) continue;
      const parsed = row.kind.schema.safeParse(row.kind.show(row.fallback));
      expect([row.key, parsed.data]).toEqual([row.key, row.fallback]);
    }
  });

  test("secrets cannot be given on a command line", () => {
    const secret = settingNames.filter((name) => (settings[name] as Setting<unknown>).secret === true); // widened to its interface
    expect(secret).toEqual(["producerAuthConfig", "workerAuthConfig"]);
    for (const name of secret) expect(settings[name].flag).toBeUndefined();
  });
});

describe("what is wrong is named, with where it comes from and what it may be", () => {
  test.each<[string, Given, string]>([
    [
      "a flag",
      { flags: { shards: "65" } },
      'flag --shards: "65" is not valid, must be a whole number of shards from 1 to 64',
    ],
    [
      "a variable",
      { env: { DEFAULT_LEASE_SECONDS: "soon" } },
      'environment variable DEFAULT_LEASE_SECONDS: "soon" is not valid, must be a duration from 1s to 30d',
    ],
    [
      "a file key",
      { file: { backoffPolicy: "random" } },
      'configuration file codeq.yaml: backoffPolicy: "random" is not valid, must be one of fixed, linear',
    ],
    [
      "a nested file key",
      { file: { rateLimit: { producer: { burstSize: -1 } } } },
      "rateLimit.producer.burstSize: -1 is not valid",
    ],
    ["a number that is none", { file: { port: Infinity } }, "port: Infinity is not valid"],
    ["a boolean that is neither", { env: { ALLOW_PRODUCER_AS_WORKER: "perhaps" } }, "ALLOW_PRODUCER_AS_WORKER"],
    ["a section that is none", { file: { rateLimit: 5 } }, "rateLimit must be a mapping"],
    ["a file that is a list", { file: [1] }, "configuration file codeq.yaml must hold a mapping"],
    [
      "an unknown nested key",
      { file: { rateLimit: { producer: { burst: 1 } } } },
      "unknown key rateLimit.producer.burst; did you mean rateLimit.producer.burstSize?",
    ],
    ["__proto__", { file: JSON.parse('{"__proto__": 1}') }, "unknown key __proto__"],
    [
      "a lease above its maximum",
      { flags: { lease: "2h", "lease-max": "1h" } },
      "defaultLeaseSeconds (2h) must not be over maxLeaseSeconds (1h)",
    ],
    [
      "a payload above the body",
      { flags: { "payload-max": "2MiB", "body-max": "1MiB" } },
      "maxPayloadBytes (2MiB) must not be over maxBodyBytes (1MiB)",
    ],
    [
      "half of TLS",
      { flags: { "tls-cert": "c.pem" } },
      "tlsCert and tlsKey (--tls-cert, --tls-key) must be set together",
    ],
    [
      "a provider without settings",
      { env: { WORKER_AUTH_PROVIDER: "static" } },
      "workerAuthProvider is static but workerAuthConfig (WORKER_AUTH_CONFIG) is not set",
    ],
  ])("%s", (_, given, expected) => {
    expect(refusal(given)).toContain(expected);
  });

  test("all of it at once", () => {
    const message = refusal({ flags: { shards: "0" }, env: { PORT: "x" }, file: { prot: 1 } });
    expect(message).toContain("--shards");
    expect(message).toContain("PORT");
    expect(message).toContain("unknown key prot; did you mean port?");
  });

  test("a wrong secret is not shown", () => {
    expect(refusal({ env: { PRODUCER_AUTH_CONFIG: '{"token":"hunter22' } })).not.toContain("hunter22");
  });

  test("a very long value is cut", () => {
    expect(refusal({ env: { PORT: "9".repeat(10_000) } }).length).toBeLessThan(300);
  });
});

describe("configurations written for other servers of the protocol", () => {
  test("defect 8: fsyncOnCommit gives acknowledgements that survive a power cut", () => {
    const { config, origins } = load({
      env: { PERSISTENCE_CONFIG: '{"path":"/data","numShards":4,"fsyncOnCommit":true}' },
    });
    expect(config).toMatchObject({ dataDir: "/data", shards: 4, durability: "full" });
    expect(origins.durability.label).toBe("environment variable PERSISTENCE_CONFIG: fsyncOnCommit");
  });

  test("the direct setting goes before the nested one of the same source", () => {
    const env = { PERSISTENCE_CONFIG: '{"numShards":4,"fsyncOnCommit":false}', CODEQ_SHARDS: "2" };
    expect(load({ env }).config).toMatchObject({ shards: 2, durability: "off" });
  });

  test("no shards means one", () => {
    expect(load({ env: { PERSISTENCE_CONFIG: '{"numShards":0}' } }).config.shards).toBe(1);
  });

  test.each([
    ['{"path":', "must be a mapping, or JSON text of an object"],
    ['{"numShards":65}', "numShards: 65 is not valid"],
    ['{"fsyncOnCommit":"yes"}', "fsyncOnCommit: must be true or false"],
    ['{"fsync":true}', "fsync: unknown key"],
  ])("persistence settings %s are refused", (text, expected) => {
    expect(refusal({ env: { PERSISTENCE_CONFIG: text } })).toContain(expected);
  });

  test("defect 69: a file carries the three nested settings as mappings or as JSON text, and unknown keys are refused", () => {
    const asMapping = { persistenceConfig: { path: "/data" }, producerAuthConfig: { token: "a-token" } };
    expect(load({ file: asMapping }).config).toMatchObject({
      dataDir: "/data",
      producerAuthConfig: { token: "a-token" },
    });
    const asText = { persistenceConfig: '{"path":"/data"}', workerAuthConfig: '{"token":"a-token"}' };
    expect(load({ file: asText }).config).toMatchObject({ dataDir: "/data", workerAuthConfig: { token: "a-token" } });
    expect(refusal({ file: { cleanupIntervalSeconds: 5 } })).toContain("unknown key cleanupIntervalSeconds");
  });

  test("defect 71: lease, log, environment and rate limits are read from variables", () => {
    const env = {
      ENV: "prod",
      LOG_LEVEL: "debug",
      LOG_FORMAT: "text",
      DEFAULT_LEASE_SECONDS: "45",
      RATE_LIMIT_PRODUCER_REQUESTS_PER_MINUTE: "600",
      RATE_LIMIT_PRODUCER_BURST_SIZE: "50",
    };
    expect(load({ env }).config).toMatchObject({
      environment: "prod",
      logLevel: "debug",
      logFormat: "text",
      leaseMsDefault: 45_000,
      producerRequestsPerMinute: 600,
      producerBurst: 50,
    });
  });

  test("defect 64, defect 72: what has no effect does not stop the start, and is told with its reason", () => {
    const env = { REDIS_ADDR: "kvrocks:6666", PERSISTENCE_PROVIDER: "memory", TIMEZONE: "America/Sao_Paulo" };
    const { warnings } = load({ env, file: { localArtifactsDir: "/tmp", raft: { enabled: false, selfId: "a" } } });
    expect(warnings).toContain("no effect: PERSISTENCE_PROVIDER, REDIS_ADDR (codeq stores tasks in SQLite)");
    expect(warnings).toContain("no effect: TIMEZONE (times are in UTC)");
    expect(warnings.join()).toContain("localArtifactsDir");
    expect(warnings.join()).toContain("raft");
  });

  test.each<[string, Given]>([
    ["RAFT_ENABLED", { env: { RAFT_ENABLED: "yes" } }],
    ["CLUSTER_ENABLED", { env: { CLUSTER_ENABLED: "1" } }],
    ["cluster.enabled", { file: { cluster: { enabled: true } } }],
    ["sharding.enabled", { file: { sharding: { enabled: "true" } } }],
  ])("%s is refused: one server would pretend to be several", (name, given) => {
    expect(refusal(given)).toContain(name);
    expect(refusal(given)).toContain("codeq runs on one machine");
  });

  test("every variable of the protocol's first server is known", () => {
    const known = new Set([
      ...settingNames.flatMap((name) => settings[name].env),
      ...foreignSettings.flatMap(({ env }) => env),
    ]);
    const expected = ["PORT", "MAX_ATTEMPTS_DEFAULT", "BACKOFF_POLICY", "BACKOFF_BASE_SECONDS", "BACKOFF_MAX_SECONDS"];
    expected.push(
      "IDENTITY_SERVICE_URL",
      "IDENTITY_JWKS_URL",
      "IDENTITY_ISSUER",
      "IDENTITY_AUDIENCE",
      "WORKER_JWKS_URL",
    );
    expected.push("WORKER_AUDIENCE", "WORKER_ISSUER", "ALLOWED_CLOCK_SKEW_SECONDS", "ALLOW_PRODUCER_AS_WORKER", "ENV");
    for (const variable of expected) expect([variable, known.has(variable)]).toEqual([variable, true]);
  });
});

describe("warnings", () => {
  test("a variable that is almost ours is pointed out, one of a neighbour is not", () => {
    const env = { CODEQ_SHRADS: "4", CODEQ_PORT: "tcp://10.0.0.1:8080", CODEQ_BASE_URL: "http://x", PATH: "/bin" };
    expect(load({ env }).warnings).toEqual([
      "no effect: environment variable CODEQ_SHRADS is not known, did you mean CODEQ_SHARDS?",
    ]);
  });

  test("a port in a variable that does not set it is pointed out", () => {
    expect(load({ env: { CODEQ_PORT: "1234" } }).warnings).toEqual([
      "no effect: environment variable CODEQ_PORT is not known, did you mean PORT?",
    ]);
  });

  test("limits of what codeq does not send are pointed out", () => {
    expect(load({ env: { RATE_LIMIT_WEBHOOK_BURST_SIZE: "5" } }).warnings).toEqual([
      "no effect: RATE_LIMIT_WEBHOOK_BURST_SIZE (codeq sends no webhooks yet)",
    ]);
  });

  test("half a rate limit is pointed out", () => {
    expect(load({ flags: { "rate-limit-worker": "60" } }).warnings).toEqual([
      "no effect: rateLimit.worker needs both requestsPerMinute and burstSize over 0",
    ]);
  });
});

describe("codeq config", () => {
  const loaded = load({
    flags: { retention: "36h" },
    env: { PRODUCER_AUTH_PROVIDER: "static", PRODUCER_AUTH_CONFIG: '{"token":"hunter22"}' },
  });

  test("shows value and source of every setting, and no secret", () => {
    const text = configText(loaded);
    expect(text).toMatch(/^retentionSeconds +36h +flag --retention$/m);
    expect(text).toMatch(/^producerAuthConfig +\*\*\* +environment variable PRODUCER_AUTH_CONFIG$/m);
    expect(text.split("\n")).toHaveLength(settingNames.length + 1);
    expect(text).not.toContain("hunter22");
  });

  test("shows the same to programs", () => {
    const shown: unknown = JSON.parse(configJson(loaded));
    expect(shown).toMatchObject({
      retentionSeconds: { value: 129_600_000, shown: "36h", source: "flag --retention", flag: "--retention" },
      producerAuthConfig: { value: "***", source: "environment variable PRODUCER_AUTH_CONFIG" },
    });
    expect(configJson(loaded)).not.toContain("hunter22");
  });
});
