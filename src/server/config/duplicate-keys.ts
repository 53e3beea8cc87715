/** A key as it stands in YAML or JSON: a plain word before a colon and a space, or a quoted one before a colon. */
const KEY = /(?<![\w.~-])([A-Za-z_][\w.-]*)(?=[ \t]*:(?:\s|$))|(["'])([A-Za-z_][\w.-]*)(?=\2[ \t]*:)/gm;

/**
 * The keys that a mapping of the text has twice, with their path. The parser keeps the last one and says nothing, so
 * every key gets a number and the text is parsed once more: then none replaces another. What only looks like a key
 * lies inside some value, and values do not count.
 */
export function duplicateKeys(yaml: string): string[] {
  let number = 0;
  const numbered = yaml.replaceAll(KEY, (key) => {
    number += 1;
    return `${key}~${number}`;
  });
  try {
    return [...new Set(duplicatesIn("", Bun.YAML.parse(numbered), new Set()))];
  } catch {
    // Then the numbers got where they do not belong, and nothing can be said.
    return [];
  }
}

/** @param visited what an alias repeats is looked at once: there may be very much of it */
function duplicatesIn(path: string, value: unknown, visited: Set<unknown>): string[] {
  if (typeof value !== "object" || value === null || visited.has(value)) return [];
  visited.add(value);
  const seen = new Set<string>();
  return Object.entries(value).flatMap(([numbered, inner]: [string, unknown]) => {
    const key = path + numbered.replace(/~\d+$/, "");
    const duplicates = duplicatesIn(`${key}.`, inner, visited);
    if (seen.has(key)) duplicates.push(key);
    seen.add(key);
    return duplicates;
  });
}
