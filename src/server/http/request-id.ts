const SANE = /^[\x21-\x7e]{1,128}$/;

/** The caller's own id if it can be logged and echoed without harm, else a new one. */
export function requestIdOf(request: Request, randomHex: (bytes: number) => string): string {
  const given = request.headers.get("x-request-id");
  return given !== null && SANE.test(given) ? given : randomHex(16);
}
