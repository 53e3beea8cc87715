import type { ConfigFile } from "./config-file.ts";
import { isMapping } from "./mapping.ts";
import { type SettingName, settings } from "./settings.ts";

/** Where a value comes from, as told to people: `flag --port`. */
export interface Origin {
  readonly layer: "flag" | "environment" | "file" | "default";
  readonly label: string;
}

/** A value as somebody wrote it. */
export interface RawValue {
  readonly value: unknown;
  readonly origin: Origin;
}

export type Layer = ReadonlyMap<SettingName, RawValue>;

export const settingNames = Object.keys(settings) as readonly SettingName[]; // exactly the keys of the table

/** @param flags what the command line gave, by flag name */
export function flagLayer(flags: ReadonlyMap<string, unknown>): Layer {
  const layer = new Map<SettingName, RawValue>();
  for (const name of settingNames) {
    const { flag } = settings[name];
    if (flag === undefined || !flags.has(flag)) continue;
    layer.set(name, { value: flags.get(flag), origin: { layer: "flag", label: `flag --${flag}` } });
  }
  return layer;
}

/** An empty variable is not set: that is what compose files make of one that is missing. */
export function environmentLayer(env: Environment, problems: string[]): Layer {
  const layer = new Map<SettingName, RawValue>();
  for (const name of settingNames) {
    const variable = settings[name].env.find((candidate) => isSet(env, candidate));
    if (variable !== undefined) layer.set(name, { value: env[variable], origin: variableOrigin(variable) });
  }
  if (isSet(env, "PERSISTENCE_CONFIG")) {
    addPersistence(layer, { value: env["PERSISTENCE_CONFIG"], origin: variableOrigin("PERSISTENCE_CONFIG") }, problems);
  }
  return layer;
}

export function fileLayer(file: ConfigFile, problems: string[]): Layer {
  const layer = new Map<SettingName, RawValue>();
  for (const name of settingNames) {
    const { key } = settings[name];
    if (file.values.has(key)) layer.set(name, { value: file.values.get(key), origin: keyOrigin(file, key) });
  }
  const persistence = file.values.get("persistenceConfig");
  if (persistence !== undefined) {
    addPersistence(layer, { value: persistence, origin: keyOrigin(file, "persistenceConfig") }, problems);
  }
  return layer;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function isSet(env: Environment, variable: string): boolean {
  return (env[variable] ?? "").trim() !== "";
}

function variableOrigin(variable: string): Origin {
  return { layer: "environment", label: `environment variable ${variable}` };
}

function keyOrigin(file: ConfigFile, key: string): Origin {
  return { layer: "file", label: `configuration file ${file.path}: ${key}` };
}

/** Keys of `persistenceConfig` that address other engines. */
const OTHER_ENGINES = new Set(["addr", "password", "db"]);

/** The older, nested way to set the directory, the shards and the durability; the direct settings go before it. */
function addPersistence(layer: Map<SettingName, RawValue>, raw: RawValue, problems: string[]): void {
  const config = mappingOf(raw.value);
  if (config === undefined) {
    problems.push(`${raw.origin.label}: must be a mapping, or JSON text of an object`);
    return;
  }
  for (const [key, value] of Object.entries(config)) {
    const label = `${raw.origin.label}: ${key}`;
    const add = (name: SettingName, mapped: unknown): void => {
      if (!layer.has(name)) layer.set(name, { value: mapped, origin: { ...raw.origin, label } });
    };
    if (key === "path") add("dataDir", value);
    else if (key === "numShards") add("shards", value === 0 ? 1 : value);
    else if (key === "fsyncOnCommit") {
      if (typeof value !== "boolean") problems.push(`${label}: must be true or false`);
      else if (value) add("durability", "full");
    } else if (!OTHER_ENGINES.has(key)) {
      problems.push(`${label}: unknown key; known are path, numShards, fsyncOnCommit`);
    }
  }
}

function mappingOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (isMapping(value)) return value;
  if (typeof value !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isMapping(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
