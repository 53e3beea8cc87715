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

/** The last second of each place: most times that are written are of few, those of now and of the ends of leases. */
const lastTexts: { readonly second: number; readonly text: string }[] = [];
const PLACES = 64;

/** Up to the second, without a zone. */
function textOfSecond(second: number): string {
  const place = second & (PLACES - 1);
  const kept = lastTexts[place];
  if (kept?.second === second) return kept.text;
  const text = new Date(second * 1000).toISOString().slice(0, -5);
  lastTexts[place] = { second, text };
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
