import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { benchResult, runWithout, SWEEP, sides } from "../result-fixture.ts";
import { closeBrowser, mayGoWithoutBrowser, OpenPage } from "./browser-fixture.ts";
import { htmlReport } from "./html-report.ts";

// A browser starts slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);
const skipped = mayGoWithoutBrowser();
afterAll(closeBrowser);

const sweep = benchResult(SWEEP);
const LOOKS = (["light", "dark"] as const).flatMap((scheme) => [1280, 360].map((width) => ({ scheme, width })));

/** Of every text on the page that can be seen, the least contrast to what is behind it, as WCAG 2 defines it. */
const LEAST_CONTRAST = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor);
      if (color.length === 3) return color;
    }
    return [255, 255, 255];
  };
  const contrasts = [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== ""))
    .filter((e) => e.tagName !== "title" && e.tagName !== "desc")
    .map((e) => {
      const style = getComputedStyle(e);
      const text = luminance(numbers(e instanceof SVGElement ? style.fill : style.color));
      const back = luminance(behind(e));
      return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    });
  return Math.min(...contrasts);
})()`;

/** Texts in drawings that are cut off at the drawing's edge. */
const CUT_LABELS = `[...document.querySelectorAll("svg.chart")].filter((svg) => svg.checkVisibility()).flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
  }).map((text) => text.textContent);
})`;

describe.skipIf(skipped)("the page in a real browser", () => {
  test.each(
    LOOKS.flatMap((look) => [
      { ...look, what: "a sweep", result: sweep },
      { ...look, what: "sides", result: sides() },
    ]),
  )("of $what in $scheme, $width pixels wide, is sound and readable", async ({ result, ...look }) => {
    using page = await OpenPage.open(htmlReport(result), look);
    expect(page.problems).toEqual([]);
    const wider = await page.ask<number>("document.documentElement.scrollWidth - innerWidth");
    expect(wider).toBeLessThanOrEqual(0);
    expect(await page.ask<number>(LEAST_CONTRAST)).toBeGreaterThanOrEqual(4.5);
    expect(await page.ask<string[]>(CUT_LABELS)).toEqual([]);
  });

  test.each(LOOKS)("in $scheme, $width pixels wide, shows its numbers and one drawing of each chart", async (look) => {
    using page = await OpenPage.open(htmlReport(sweep), look);
    const text = await page.ask<string>("document.body.innerText");
    for (const number of ["105,700 tasks/s", "101,900", "103,200 … 105,100", "Example CPU @ 3.00GHz"]) {
      expect(text).toContain(number);
    }
    const drawn = await page.ask<number[]>(
      `[...document.querySelectorAll("section:has(svg.chart)")].map((s) => [...s.querySelectorAll("svg.chart")].filter((c) => c.checkVisibility()).length)`,
    );
    expect(drawn).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("follows the reader's choice of light or dark", async () => {
    const background = async (scheme: "light" | "dark"): Promise<string> => {
      using page = await OpenPage.open(htmlReport(sweep), { scheme, width: 800 });
      return await page.ask<string>("getComputedStyle(document.body).backgroundColor");
    };
    expect(await background("light")).not.toBe(await background("dark"));
  });

  test("opens a chart's values as a table at the reader's wish", async () => {
    using page = await OpenPage.open(htmlReport(sweep), { scheme: "light", width: 360 });
    await page.ask("document.querySelector('#rate details').open = true");
    expect(await page.ask<string>("document.querySelector('#rate table').innerText")).toContain("107,100");
    expect(await page.ask<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });

  test("of an invalid result shows why and no rate", async () => {
    const points = sweep.points.map((point) => ({ ...point, runs: [runWithout("broken", "task 17 was lost")] }));
    const invalid = benchResult([], { points, plateau: undefined, verdict: "invalid" });
    using page = await OpenPage.open(htmlReport(invalid), { scheme: "dark", width: 360 });
    const text = await page.ask<string>("document.body.innerText");
    expect(page.problems).toEqual([]);
    expect(text).toContain("INVALID");
    expect(text).toContain("task 17 was lost");
    expect(text).not.toMatch(/101,900|105,700/);
  });

  test("that would load or run something is found out", async () => {
    const bad = htmlReport(sweep).replace("<main>", '<main><img src="http://127.0.0.1:9/a.png"><script>1</script>');
    using page = await OpenPage.open(bad, { scheme: "light", width: 800 });
    expect(page.problems.length).toBeGreaterThan(0);
  });
});
