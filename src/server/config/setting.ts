import type { Kind } from "./kinds.ts";

/** One knob of the server: where it may be set, what it may be, and what it is otherwise. */
export interface Setting<T> {
  /** In the configuration file; dots are nesting. */
  readonly key: string;
  /** Long flag without dashes; undefined for what does not belong on a command line, such as secrets. */
  readonly flag: string | undefined;
  /** Environment variables, the first one set wins. */
  readonly env: readonly string[];
  readonly kind: Kind<T>;
  /** Inferred from the kind alone: a choice stays a choice. */
  readonly fallback: NoInfer<T>;
  readonly group: SettingGroup;
  readonly help: string;
  /** Never shown. */
  readonly secret?: true;
}

export type SettingGroup =
  | "Listening"
  | "Data"
  | "Queue"
  | "Limits"
  | "Streams"
  | "Rate limits"
  | "Auth"
  | "Operation"
  | "Tracing";

/** Lets each row of a table keep its own type. */
export function setting<T>(row: Setting<T>): Setting<T> {
  return row;
}
