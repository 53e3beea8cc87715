import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CallNode, readCpuProfile } from "./cpu-profile.ts";
import { hotFunctions, hotFunctionsText, whereOf } from "./hot-functions.ts";
import { profileOf, RECURSIVE, SHARED, SMALL } from "./profile-fixture.ts";

function selfSum(node: CallNode): number {
  return node.children.reduce((sum, child) => sum + selfSum(child), node.self);
}

describe("a CPU profile", () => {
  test("becomes a tree with the samples of each function and of what it called", () => {
    const { root, samples, durationMs } = readCpuProfile(SMALL);
    expect({ samples, durationMs }).toEqual({ samples: 10, durationMs: 12 });
    expect(root.total).toBe(10);
    const [serve, native] = root.children;
    expect(serve).toMatchObject({ frame: { name: "serve", line: 41 }, self: 1, total: 7 });
    expect(serve?.children.map(({ frame, total }) => [frame.name, total])).toEqual([
      ["commit", 4],
      ["(anonymous)", 2],
    ]);
    expect(native).toMatchObject({ frame: { name: "(native code)", url: "", line: 0 }, self: 3, total: 3 });
  });

  test("keeps every sample, however deep its stack", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 100 }),
        (parents, hits) => {
          const profile = readCpuProfile(profileOf(parents, hits));
          expect(profile.root.total).toBe(hits.length);
          expect(selfSum(profile.root)).toBe(hits.length);
        },
      ),
    );
    const deep = readCpuProfile(
      profileOf(
        Array.from({ length: 50_000 }, (_, index) => index),
        [50_000],
      ),
    );
    expect(deep.root.total).toBe(1);
  });

  test("without a single sample is an empty one", () => {
    const empty = readCpuProfile({ ...SMALL, samples: [], timeDeltas: [] });
    expect(empty).toMatchObject({ samples: 0, root: { total: 0 } });
    expect(hotFunctionsText(empty, 20)[1]).toContain("0.0 %");
  });

  test.each([[null], [{}], [{ ...SMALL, nodes: [] }], [{ ...SMALL, samples: ["a"] }]])(
    "that is %j is refused",
    (value) => {
      expect(() => readCpuProfile(value)).toThrow();
    },
  );
});

describe("the functions most of the time went to", () => {
  test("come by their own samples, gathered from all their callers", () => {
    const found = hotFunctions(readCpuProfile(SMALL)).map(({ frame, self, total }) => [frame.name, self, total]);
    expect(found).toEqual([
      ["commit", 4, 4],
      ["(native code)", 3, 3],
      ["(anonymous)", 2, 2],
      ["serve", 1, 7],
    ]);
  });

  test("count every call of a function that several call", () => {
    const found = hotFunctions(readCpuProfile(SHARED)).map(({ frame, self, total }) => [frame.name, self, total]);
    expect(found).toEqual([
      ["write", 5, 5],
      ["read", 0, 3],
      ["serve", 0, 2],
    ]);
  });

  test("count a sample once where a function calls itself", () => {
    const found = hotFunctions(readCpuProfile(RECURSIVE)).map(({ frame, self, total }) => [frame.name, self, total]);
    expect(found).toEqual([["walk", 5, 5]]);
  });

  test("as a table have shares, names and places, and no more rows than asked for", () => {
    expect(hotFunctionsText(readCpuProfile(SMALL), 2)).toEqual([
      "  self   total  function       where",
      "40.0 %  40.0 %  commit         src/server/store/commit.ts:7",
      "30.0 %  30.0 %  (native code)  runtime",
    ]);
  });

  test.each([
    ["/home/x/codeq/src/server/serve.ts", 12, "src/server/serve.ts:12"],
    ["file:///home/x/codeq/node_modules/zod/v4/core.js", 3, "node_modules/zod/v4/core.js:3"],
    ["src/cli.ts", 0, "src/cli.ts"],
    ["node:events", 5, "node:events:5"],
    ["", 0, "runtime"],
  ])("in %j, line %d, are at %s", (url, line, where) => {
    expect(whereOf({ name: "f", url, line })).toBe(where);
  });
});
