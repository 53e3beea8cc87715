/**
 * Where a request with one slash too many belongs: the path without it, if that is a known one. The query goes along.
 * @param patterns known paths, with `:name` for any one segment
 */
export function otherSlash(url: URL, patterns: readonly string[]): string | undefined {
  if (!url.pathname.endsWith("/")) return undefined;
  const path = url.pathname.slice(0, -1);
  return patterns.some((pattern) => matches(pattern, path)) ? path + url.search : undefined;
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => (segment.startsWith(":") ? given[index] !== "" : segment === given[index]))
  );
}
