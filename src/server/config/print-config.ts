import type { LoadedConfig } from "../config.ts";
import { settingNames } from "./layers.ts";
import type { Setting } from "./setting.ts";
import { settings } from "./settings.ts";

/** One line for each setting: key, value as one would write it, where it comes from. */
export function configText(loaded: LoadedConfig): string {
  const rows = describe(loaded).map(({ key, shown, source }) => [key, shown, source] as const);
  const keyWidth = Math.max(...rows.map(([key]) => key.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([key, value, source]) => `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${source}\n`)
    .join("");
}

/** The same for programs, by key; durations in milliseconds, sizes in bytes. */
export function configJson(loaded: LoadedConfig): string {
  const entries = describe(loaded).map(({ key, shown, value, source, flag, env }) => [
    key,
    { value: value ?? null, shown, source, flag: flag === undefined ? null : `--${flag}`, env },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

const MASK = "***";

function describe({ config, origins }: LoadedConfig) {
  return settingNames.map((name) => {
    const row: Setting<unknown> = settings[name];
    const value: unknown = config[name];
    const masked = row.secret === true && value !== undefined;
    return {
      key: row.key,
      flag: row.flag,
      env: row.env,
      value: masked ? MASK : value,
      shown: masked ? MASK : row.kind.show(value),
      source: origins[name].label,
    };
  });
}
