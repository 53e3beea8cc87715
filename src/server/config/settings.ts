import { authSettings } from "./auth-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { processSettings } from "./process-settings.ts";
import { queueSettings } from "./queue-settings.ts";
import type { Setting } from "./setting.ts";
import { streamSettings } from "./stream-settings.ts";
import { tracingSettings } from "./tracing-settings.ts";

/** Every setting of the server, by its name in the code. */
export const settings = {
  ...processSettings,
  ...queueSettings,
  ...limitSettings,
  ...streamSettings,
  ...authSettings,
  ...tracingSettings,
} as const;

export type SettingName = keyof typeof settings;

/** All values, named after the settings; durations in milliseconds, sizes in bytes. */
export type ServerConfig = {
  readonly [Name in SettingName]: (typeof settings)[Name] extends Setting<infer Value> ? Value : never;
};
