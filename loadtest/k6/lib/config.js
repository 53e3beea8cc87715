/** Settings come from the environment; one that cannot be used ends the run before anything is sent. */

/** A text, trimmed; empty counts as not given. */
export function envStr(name, fallback) {
  const text = (__ENV[name] ?? "").trim();
  return text === "" ? fallback : text;
}

export function envInt(name, fallback, { min = 0, max = 1_000_000_000 } = {}) {
  const text = envStr(name, undefined);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${name}: "${text}" is not valid, must be a whole number from ${min} to ${max}`);
}

export function envFloat(name, fallback, { min = 0, max = 1e9 } = {}) {
  const text = envStr(name, undefined);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (value >= min && value <= max) return value;
  throw new Error(`${name}: "${text}" is not valid, must be a number from ${min} to ${max}`);
}

/** Values between commas, without the empty ones. */
export function envCSV(name, fallback) {
  const values = (__ENV[name] ?? "")
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  return values.length === 0 ? fallback : values;
}

const UNIT_SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration as k6 writes it (`90s`, `1h30m`), in seconds. */
export function envSeconds(name, fallback) {
  const text = envStr(name, fallback);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) {
    throw new Error(`${name}: "${text}" is not valid, must be a duration such as 30s, 5m or 1h30m`);
  }
  let seconds = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) seconds += value * UNIT_SECONDS[unit];
  if (seconds > 0) return seconds;
  throw new Error(`${name}: "${text}" is not valid, must be longer than nothing`);
}

/** The way back, for the options of k6. */
export function duration(seconds) {
  return `${Math.round(seconds * 1000)}ms`;
}

export const CODEQ_BASE_URL = envStr("CODEQ_BASE_URL", "http://localhost:8080").replace(/\/+$/, "");
export const CODEQ_PRODUCER_TOKEN = envStr("CODEQ_PRODUCER_TOKEN", "dev-token");
export const CODEQ_WORKER_TOKEN = envStr("CODEQ_WORKER_TOKEN", "dev-token");
export const CODEQ_ADMIN_TOKEN = envStr("CODEQ_ADMIN_TOKEN", CODEQ_PRODUCER_TOKEN);
export const CODEQ_COMMANDS = envCSV("CODEQ_COMMANDS", ["GENERATE_MASTER"]);

/** The lane of this run. The verdict is about it alone, so nobody else should use it meanwhile. */
export const COMMAND = envStr("COMMAND", CODEQ_COMMANDS[0]);
export const LEASE_SECONDS = envInt("LEASE_SECONDS", 60, { min: 1, max: 86_400 });
export const WAIT_SECONDS = envInt("WAIT_SECONDS", 0, { max: 30 });
