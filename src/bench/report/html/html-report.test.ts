import { describe, expect, test } from "bun:test";
import { benchResult, runWithout, SWEEP, sides } from "../result-fixture.ts";
import { htmlReport } from "./html-report.ts";

const sweep = benchResult(SWEEP);
const html = htmlReport(sweep);

describe("the page", () => {
  test("says the verdict before any rate", () => {
    const verdict = html.indexOf("VALID: every acknowledged task and result was accounted for in 40 runs");
    expect(verdict).toBeGreaterThan(0);
    expect(verdict).toBeLessThan(html.indexOf("105,700"));
  });

  test("names nothing outside of itself", () => {
    expect(html).not.toMatch(/https?:|src=|@import|url\(/);
    expect(html).toContain("default-src 'none'");
  });

  test("tells each chart in words and as a table, too", () => {
    const charts = html.match(/<svg class="chart [^]*?<\/svg>/g) ?? [];
    expect(charts).toHaveLength(12);
    for (const chart of charts) {
      const [, title = "", text = ""] = /aria-labelledby="(\S+) (\S+)"/.exec(chart) ?? [];
      expect(chart).toContain(`<title id="${title}">`);
      expect(chart).toContain(`<desc id="${text}">`);
    }
    expect(html.match(/<summary>The values as a table<\/summary>/g)).toHaveLength(6);
  });

  test("leaves a sliver at the end of the window out of the rates over time", () => {
    const section = html.slice(html.indexOf('<section id="series-rate">'));
    const table = section.slice(section.indexOf("<tbody>"), section.indexOf("</tbody>"));
    expect(table.match(/<tr>/g)).toHaveLength(6);
    expect(table).not.toContain(">0<");
  });

  test("uses no id twice", () => {
    const ids = html.match(/ id="[^"]+"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("shows every point, every operation, parameter and fact about machine and build", () => {
    for (const { name } of sweep.points) expect(html).toContain(`<td class="left">${name}</td>`);
    for (const text of [
      "end to end",
      "queue wait",
      "durability",
      "ext4",
      "1.25 ms",
      sweep.build.serverCommit,
      "SQLite",
    ]) {
      expect(html).toContain(text);
    }
  });

  test("takes texts for what they are, whatever is in them", () => {
    const odd = '<script>alert("1")</script>&';
    const page = htmlReport({ ...sweep, scenario: odd, machine: { ...sweep.machine, cpu: odd } });
    expect(page).not.toContain("<script>");
    expect(page).toContain("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;");
  });

  test("of points that are no sweep shows their rates side by side", () => {
    const page = htmlReport(sides());
    expect(page.match(/class="bar" style="width: [\d.]+%"/g)).toEqual([
      'class="bar" style="width: 33.3%"',
      'class="bar" style="width: 66.7%"',
      'class="bar" style="width: 100.0%"',
    ]);
    expect(page).not.toContain('id="rate"');
  });

  test("of a run on another's server leaves out what could not be seen", () => {
    const target = "http://127.0.0.1:8080";
    const seen = benchResult([
      {
        concurrency: 1,
        rates: [5000],
        change: (measures) => ({ ...measures, server: undefined, series: [], latencies: {} }),
      },
    ]);
    const page = htmlReport({ ...seen, parameters: { ...seen.parameters, target } });
    expect(page).toContain(`<dd>${target}</dd>`);
    expect(page).not.toContain("<svg");
    expect(page).toContain("5,000 tasks/s");
  });

  test("of a point with one bad run shows none of its rates, and those of the others", () => {
    const points = sweep.points.map((point, index) =>
      index === 0 ? { ...point, runs: [...point.runs, runWithout("broken", "a result was doubled")] } : point,
    );
    const page = htmlReport({ ...sweep, points, plateau: undefined, verdict: "invalid" });
    expect(page).toContain("INVALID: 1 of 41 runs cannot be relied on");
    expect(page).toContain("c=1: a result was doubled");
    expect(page).not.toContain("9,800 … 10,100");
    expect(page).toContain("107,200 … 109,000");
  });

  test("of a result without any point is still a page", () => {
    expect(htmlReport(benchResult([], { outcome: "interrupted", verdict: "partial" }))).toContain("PARTIAL");
  });

  test("brings remarks to the reader's notice", () => {
    const limited = benchResult([
      {
        concurrency: 1,
        rates: [5000],
        change: (measures) => ({
          ...measures,
          notes: [{ kind: "generator-limited", text: "the generator lagged by 80 ms" }],
        }),
      },
    ]);
    expect(htmlReport(limited)).toContain("<li>c=1: the generator lagged by 80 ms</li>");
  });
});
