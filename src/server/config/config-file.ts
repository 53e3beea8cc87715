import { StartError } from "../start-error.ts";
import { duplicateKeys } from "./duplicate-keys.ts";
import { foreignSettings } from "./foreign-settings.ts";
import { isMapping } from "./mapping.ts";
import { suggestion } from "./nearest.ts";

/** A configuration file, flattened: `rateLimit.producer.burstSize` for nested keys. */
export interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, unknown>;
  /** One text for each key that nobody knows, or that is there twice. */
  readonly problems: readonly string[];
}

const FILE_BYTES_MAX = 1024 * 1024;

/** @throws StartError when the file cannot be read or is not a YAML (or JSON) mapping */
export async function readConfigFile(path: string, knownKeys: ReadonlySet<string>): Promise<ConfigFile> {
  const file = Bun.file(path);
  const content = await readText(file, path);
  let document: unknown;
  try {
    document = Bun.YAML.parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError("usage", `configuration file ${path} is not valid YAML: ${reason}`, { cause: error });
  }
  const flat = flattenConfig(path, document ?? {}, knownKeys);
  const twice = duplicateKeys(content).map((key) => `configuration file ${path}: key ${key} is there twice`);
  return { ...flat, problems: [...twice, ...flat.problems] };
}

/** @throws StartError when the document is not a mapping */
export function flattenConfig(path: string, document: unknown, knownKeys: ReadonlySet<string>): ConfigFile {
  if (!isMapping(document)) throw new StartError("usage", `configuration file ${path} must hold a mapping`);
  const leaves = new Set([...knownKeys, "persistenceConfig", ...foreignSettings.map(({ key }) => key)]);
  const values = new Map<string, unknown>();
  const problems: string[] = [];
  flatten("", document, { leaves, values, problems });
  return { path, values, problems: problems.map((problem) => `configuration file ${path}: ${problem}`) };
}

interface Flattening {
  readonly leaves: ReadonlySet<string>;
  readonly values: Map<string, unknown>;
  readonly problems: string[];
}

function flatten(prefix: string, mapping: Readonly<Record<string, unknown>>, into: Flattening): void {
  for (const [name, value] of Object.entries(mapping)) {
    const key = prefix + name;
    if (into.leaves.has(key)) {
      // A key without a value is not set.
      if (value !== null && value !== undefined) into.values.set(key, value);
    } else if (isInner(key, into.leaves)) {
      if (isMapping(value)) flatten(`${key}.`, value, into);
      else if (value !== null && value !== undefined) into.problems.push(`${key} must be a mapping`);
    } else {
      into.problems.push(`unknown key ${key}${suggestion(key, into.leaves)}`);
    }
  }
}

function isInner(key: string, leaves: ReadonlySet<string>): boolean {
  for (const leaf of leaves) if (leaf.startsWith(`${key}.`)) return true;
  return false;
}

async function readText(file: Bun.BunFile, path: string): Promise<string> {
  try {
    if (file.size > FILE_BYTES_MAX) {
      throw new StartError(
        "usage",
        `configuration file ${path} has ${file.size} bytes, the limit is ${FILE_BYTES_MAX}`,
      );
    }
    return await file.text();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError("usage", `configuration file ${path} cannot be read: ${reason}`, { cause: error });
  }
}
