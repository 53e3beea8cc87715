/** Numbers as people read them, the same in every report. No locale: a report looks alike wherever it was made. */

/** `104,329`; below a hundred with one decimal place. */
export function figure(value: number): string {
  const digits = Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0;
  const [whole = "", fraction] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  const zero = Number(value.toFixed(digits)) === 0;
  return `${value < 0 && !zero ? "−" : ""}${grouped}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** Milliseconds with three significant digits and a unit that suits: `850 µs`, `12.3 ms`, `2.05 s`. */
export function milliseconds(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 1) return `${significant(ms * 1000)} µs`;
  if (ms < 1000) return `${significant(ms)} ms`;
  return `${significant(ms / 1000)} s`;
}

/** `85.0 MiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [count, 0];
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : significant(value)} ${units[unit] ?? ""}`;
}

/** A change with its sign: `+1.2 %`, `−5.9 %`, `0.0 %`. */
export function percentChange(share: number): string {
  const text = Math.abs(share * 100).toFixed(1);
  const sign = Number(text) === 0 ? "" : share < 0 ? "−" : "+";
  return `${sign}${text} %`;
}

/** Three significant digits, or all those before the point. */
function significant(value: number): string {
  if (value >= 100) return figure(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
