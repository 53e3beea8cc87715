const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,18}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Milliseconds since the epoch, or undefined when the text is not an RFC 3339 time. Finer fractions round up, so that
 * nothing happens before the time given.
 */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHours, offsetMinutes] = match;
  const dayStart = dayStartMs(Number(year), Number(month), Number(day));
  if (dayStart === undefined) return undefined;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const offset = sign === undefined ? 0 : (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -1 : 1);
  return dayStart + seconds * 1000 + millisOf(fraction) - offset * 60_000;
}

/** UTC, with milliseconds. */
export function formatRfc3339(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${textOfSecond(seconds)}.${String(ms - seconds * 1000).padStart(3, "0")}Z`;
}

/** UTC, whole seconds, cut off: a lease or a bound never looks longer than it is. */
export function formatRfc3339Seconds(ms: number): string {
  return `${textOfSecond(Math.floor(ms / 1000))}Z`;
}

/**
 * Most times written at a time are of few seconds: now, when leases end, when what waits was created. The last text of each
 * place is kept.
 */
const PLACES = 64;
const secondAt = new Float64Array(PLACES).fill(Number.NaN);
const textAt: string[] = Array.from({ length: PLACES }, () => "");

/** Up to the second, without a zone. */
function textOfSecond(seconds: number): string {
  const place = seconds & (PLACES - 1);
  if (secondAt[place] === seconds) return textAt[place] ?? "";
  const text = new Date(seconds * 1000).toISOString().slice(0, -5);
  secondAt[place] = seconds;
  textAt[place] = text;
  return text;
}

function dayStartMs(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day or month out of range rolls over into another one.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

function millisOf(fraction: string): number {
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return /[1-9]/.test(fraction.slice(3)) ? millis + 1 : millis;
}
