import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeBrowser, mayGoWithoutBrowser, OpenPage } from "../report/html/browser-fixture.ts";
import { readCpuProfile } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { profileOf, SMALL } from "./profile-fixture.ts";

// A browser starts slowly on a machine that is busy with other tests.
setDefaultTimeout(60_000);
const skipped = mayGoWithoutBrowser();
afterAll(closeBrowser);

const html = flameGraph(readCpuProfile(SMALL), "full cycle");
/** Name and share of the graph's width of each frame that can be seen. */
const SEEN = `(() => {
  const flame = document.querySelector(".flame");
  return [...flame.children].filter((frame) => frame.checkVisibility())
    .map((frame) => [frame.textContent, Math.round((100 * frame.offsetWidth) / flame.offsetWidth)]);
})()`;
const click = (name: string): string =>
  `[...document.querySelectorAll(".flame div")].find((f) => f.textContent === "${name}").click()`;

describe.skipIf(skipped)("a flame graph in a real browser", () => {
  test.each([
    ["light", 1280],
    ["dark", 360],
  ] as const)("in %s, %d pixels wide, shows each frame as wide as its share", async (scheme, width) => {
    using page = await OpenPage.open(html, { scheme, width });
    expect(page.problems).toEqual([]);
    expect(await page.ask<unknown>(SEEN)).toEqual([
      ["serve", 70],
      ["(native code)", 30],
      ["commit", 40],
      ["(anonymous)", 20],
    ]);
    expect(await page.ask<number>("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    expect(await page.ask<string>("document.body.innerText")).toContain("src/server/store/commit.ts:7");
  });

  test("a click makes a frame as wide as the graph, Escape shows all again", async () => {
    using page = await OpenPage.open(html, { scheme: "light", width: 1000 });
    await page.ask(click("commit"));
    expect(await page.ask<unknown>(SEEN)).toEqual([
      ["serve", 100],
      ["commit", 100],
    ]);
    await page.ask(`dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }))`);
    expect(await page.ask<unknown[]>(SEEN)).toHaveLength(4);
    expect(page.problems).toEqual([]);
  });

  test("what is typed marks the frames with it", async () => {
    using page = await OpenPage.open(html, { scheme: "light", width: 1000 });
    await page.ask(
      `(() => { const box = document.querySelector("#flame-search"); box.value = "COMMIT"; box.dispatchEvent(new Event("input")); })()`,
    );
    expect(await page.ask<unknown>(`[...document.querySelectorAll(".found")].map((f) => f.textContent)`)).toEqual([
      "commit",
    ]);
  });
});

describe("a flame graph", () => {
  test("of many stacks side by side has a bounded number of frames", () => {
    const [stacks, depth] = [1500, 8];
    const parents = Array.from({ length: stacks * depth }, (_, index) => Math.max(0, index - stacks + 1));
    const leaves = Array.from({ length: stacks }, (_, index) => stacks * (depth - 1) + 1 + index);
    const wide = flameGraph(readCpuProfile(profileOf(parents, leaves)), "wide");
    expect(wide.match(/data-place=/g)?.length).toBe(8000);
  });

  test("of a very deep profile has a bounded number of frames", () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => index);
    const deep = flameGraph(readCpuProfile(profileOf(chain, [20_000])), "deep");
    expect(deep.match(/data-place=/g)?.length).toBe(8000);
  });

  test("takes names for what they are", () => {
    const [root, ...nodes] = SMALL.nodes;
    if (root === undefined) throw new Error("the fixture has a root");
    const odd = nodes.map((node) => ({ ...node, callFrame: { ...node.callFrame, functionName: '<img src="x">' } }));
    const page = flameGraph(readCpuProfile({ ...SMALL, nodes: [root, ...odd] }), "</title>");
    expect(page).not.toMatch(/<img|<\/title><\/title>/);
  });

  test("runs no script but its own", () => {
    expect(html).toMatch(/default-src 'none'; .*; script-src 'sha256-[\w+/=]+'"/);
    expect(html).not.toMatch(/https?:/);
  });
});
