/** Test-only: ten samples in a server that serves, commits, and works outside of any function. */
export const SMALL = {
  nodes: [
    node(1, "(root)", "", -1, [2, 5]),
    node(2, "serve", "/srv/codeq/src/server/serve.ts", 40, [4, 3]),
    node(3, "commit", "/srv/codeq/src/server/store/commit.ts", 6),
    node(4, "", "/srv/codeq/src/server/serve.ts", 44),
    node(5, "", "", -1),
  ],
  startTime: 1_000_000,
  endTime: 1_012_000,
  samples: [2, 3, 3, 3, 3, 4, 4, 5, 5, 5],
  timeDeltas: [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 3000],
};

/** Test-only: five samples in a function that calls itself. */
export const RECURSIVE = {
  ...SMALL,
  nodes: [node(1, "(root)", "", -1, [2]), node(2, "walk", "src/a.ts", 1, [3]), node(3, "walk", "src/a.ts", 1)],
  samples: [2, 3, 3, 3, 3],
};

/** Test-only: five samples in a function that two others call. */
export const SHARED = {
  ...SMALL,
  nodes: [
    node(1, "(root)", "", -1, [2, 3]),
    node(2, "serve", "src/a.ts", 1, [4]),
    node(3, "read", "src/b.ts", 1, [5]),
    node(4, "write", "src/c.ts", 1),
    node(5, "write", "src/c.ts", 1),
  ],
  samples: [4, 4, 5, 5, 5],
};

/**
 * Test-only: a profile of any shape.
 * @param parents of each node after the root, taken modulo the nodes before it
 * @param hits the node of each sample, taken modulo all nodes
 */
export function profileOf(parents: readonly number[], hits: readonly number[]): typeof SMALL {
  const children = Array.from({ length: parents.length + 1 }, (): number[] => []);
  for (const [index, parent] of parents.entries()) children[parent % (index + 1)]?.push(index + 2);
  const nodes = children.map((ids, index) => node(index + 1, `f${index % 7}`, `src/${index % 3}.ts`, index, ids));
  return { ...SMALL, nodes, samples: hits.map((hit) => (hit % nodes.length) + 1) };
}

function node(id: number, functionName: string, url: string, lineNumber: number, children: readonly number[] = []) {
  return { id, callFrame: { functionName, scriptId: "0", url, lineNumber, columnNumber: 0 }, hitCount: 0, children };
}
