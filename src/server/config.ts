import { type ConfigFile, readConfigFile } from "./config/config-file.ts";
import { foreignSettings, refusedSwitches } from "./config/foreign-settings.ts";
import { listenProblems } from "./config/grpc-listens.ts";
import {
  type Environment,
  environmentLayer,
  fileLayer,
  flagLayer,
  isSet,
  type Origin,
  type RawValue,
  settingNames,
} from "./config/layers.ts";
import { nearest } from "./config/nearest.ts";
import type { Setting } from "./config/setting.ts";
import { type ServerConfig, type SettingName, settings } from "./config/settings.ts";
import { isShared, tracingWanted, tracingWarnings } from "./config/tracing-checks.ts";
import { StartError } from "./start-error.ts";

export interface LoadedConfig {
  readonly config: ServerConfig;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** What the user should know, but the server can start with. */
  readonly warnings: readonly string[];
}

export interface ConfigSources {
  /** What the command line gave, by flag name without dashes; `config` is the path of the file. */
  readonly flags: ReadonlyMap<string, unknown>;
  readonly env: Environment;
}

const CONFIG_PATH_VARIABLE = "CODEQ_CONFIG_PATH";

/**
 * Flag before environment variable before file before default.
 * @throws StartError that names every value that is wrong, where it comes from and what it may be
 */
export async function loadConfig({ flags, env }: ConfigSources): Promise<LoadedConfig> {
  const path = flags.get("config") ?? (isSet(env, CONFIG_PATH_VARIABLE) ? env[CONFIG_PATH_VARIABLE] : undefined);
  const keys = new Set(settingNames.map((name) => settings[name].key));
  const file = typeof path === "string" ? await readConfigFile(path, keys) : undefined;
  return resolveConfig({ flags, env }, file);
}

/** The pure part of `loadConfig`. */
export function resolveConfig({ flags, env }: ConfigSources, file: ConfigFile | undefined): LoadedConfig {
  const problems: string[] = [...(file?.problems ?? [])];
  const layers = [flagLayer(flags), environmentLayer(env, problems)];
  if (file !== undefined) layers.push(fileLayer(file, problems));

  const values: Partial<Record<SettingName, unknown>> = {};
  // One origin for each name, set in the loop.
  const origins = {} as Record<SettingName, Origin>;
  const whenTracing: string[] = [];
  for (const name of settingNames) {
    const raw = layers.map((layer) => layer.get(name)).find((candidate) => candidate !== undefined);
    origins[name] = raw?.origin ?? { layer: "default", label: "default" };
    const told = isShared(origins[name]) ? whenTracing : problems;
    values[name] = raw === undefined ? settings[name].fallback : parse(settings[name], raw, told);
  }
  problems.push(...askedForReplicas(env, file));
  // Every row of the table has just been read by the schema that gives the property its type.
  const config = Object.freeze(values) as ServerConfig;
  if (tracingWanted(config)) problems.push(...whenTracing);
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new StartError("usage", problems.join("; "));
  return {
    config,
    origins: Object.freeze(origins),
    warnings: [
      ...withoutEffect(env, file),
      ...mistyped(env),
      ...halfRates(config),
      ...tracingWarnings(config, origins, env),
    ],
  };
}

function parse(setting: Setting<unknown>, raw: RawValue, problems: string[]): unknown {
  const parsed = setting.kind.schema.safeParse(raw.value);
  if (parsed.success) return parsed.data;
  const shown = setting.secret === true ? "the value" : quote(raw.value);
  problems.push(`${raw.origin.label}: ${shown} is not valid, must be ${setting.kind.expects}`);
  return setting.fallback;
}

function quote(value: unknown): string {
  // JSON has no infinity, which is what 1e400 is read as.
  const shown = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return shown.length <= 80 ? shown : `${shown.slice(0, 77)}...`;
}

function contradictions(config: ServerConfig): string[] {
  const problems: string[] = [];
  const atMost = (small: SettingName, large: SettingName): void => {
    if (Number(config[small]) <= Number(config[large])) return;
    problems.push(`${say(small, config)} must not be over ${say(large, config)}`);
  };
  atMost("leaseMsDefault", "leaseMsMax");
  atMost("backoffBaseMs", "backoffMaxMs");
  atMost("payloadBytesMax", "bodyBytesMax");
  atMost("streamsPerConnectionMax", "streamsMax");
  problems.push(...listenProblems(config));
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    problems.push("tlsCert and tlsKey (--tls-cert, --tls-key) must be set together");
  }
  if (config.tlsClientCa !== undefined && config.tlsCert === undefined) {
    problems.push("tlsClientCa (--tls-client-ca) needs tlsCert and tlsKey (--tls-cert, --tls-key)");
  }
  for (const role of ["producer", "worker"] as const) {
    if (config[`${role}AuthProvider`] === "jwks" || config[`${role}AuthProvider`] === undefined) continue;
    if (config[`${role}AuthConfig`] !== undefined) continue;
    problems.push(
      `${role}AuthProvider is ${config[`${role}AuthProvider`]} but ${role}AuthConfig (${role.toUpperCase()}_AUTH_CONFIG) is not set`,
    );
  }
  return problems;
}

function say(name: SettingName, config: ServerConfig): string {
  const row: Setting<unknown> = settings[name];
  return `${row.key} (${row.kind.show(config[name])})`;
}

function askedForReplicas(env: Environment, file: ConfigFile | undefined): string[] {
  const asked = refusedSwitches.flatMap(({ key, env: variable }) => {
    const [outer = "", inner = ""] = key.split(".");
    const section = file?.values.get(outer);
    const found: string[] = [];
    if (variable !== undefined && isTrue(env[variable])) found.push(`environment variable ${variable}`);
    if (typeof section === "object" && section !== null && isTrue(Reflect.get(section, inner))) {
      found.push(`configuration file ${file?.path ?? ""}: ${key}`);
    }
    return found;
  });
  return asked.map((where) => `${where}: codeq runs on one machine and cannot do this; leave it off`);
}

function isTrue(value: unknown): boolean {
  const word = typeof value === "string" ? value.trim().toLowerCase() : value;
  return word === true || word === "true" || word === "1" || word === 1 || word === "yes" || word === "on";
}

function withoutEffect(env: Environment, file: ConfigFile | undefined): string[] {
  const unused = foreignSettings.flatMap(({ key, env: variables, why }) => {
    const set = variables.filter((variable) => isSet(env, variable));
    if (file?.values.has(key) === true) set.push(key);
    return set.map((name) => ({ name, why }));
  });
  const namesByReason = Map.groupBy(unused, ({ why }) => why);
  return [...namesByReason].map(([why, rows]) => `no effect: ${rows.map(({ name }) => name).join(", ")} (${why})`);
}

/** Variables cannot be refused like flags and keys: others may own them. But one that is nearly ours is a slip. */
function mistyped(env: Environment): string[] {
  const known = [...settingNames.flatMap((name) => settings[name].env), CONFIG_PATH_VARIABLE];
  return Object.keys(env).flatMap((variable) => {
    if (!variable.startsWith("CODEQ_") || known.includes(variable)) return [];
    const meant = variable === "CODEQ_PORT" ? portVariable(env) : nearest(variable, known, 2);
    return meant === undefined
      ? []
      : [`no effect: environment variable ${variable} is not known, did you mean ${meant}?`];
  });
}

/** Kubernetes sets CODEQ_PORT to an URL next to a service called codeq; a number was meant for us. */
function portVariable(env: Environment): string | undefined {
  return /^\s*\d+\s*$/.test(env["CODEQ_PORT"] ?? "") ? "PORT" : undefined;
}

function halfRates(config: ServerConfig): string[] {
  return (["producer", "worker", "admin"] as const)
    .filter((scope) => config[`${scope}RequestsPerMinute`] > 0 !== config[`${scope}Burst`] > 0)
    .map((scope) => `no effect: rateLimit.${scope} needs both requestsPerMinute and burstSize over 0`);
}
