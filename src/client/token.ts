import { CodeqError } from "./codeq-error.ts";

/** A function is asked each time one is needed, for tokens that expire. */
export type Token = string | (() => string | Promise<string>);

/** @throws CodeqError INVALID_ARGUMENT */
export function checkedToken(token: Token): Token {
  if (typeof token === "function" || isText(token)) return token;
  throw new CodeqError("INVALID_ARGUMENT", "token is missing: it must be a string or a function that returns one");
}

/** @throws CodeqError UNAUTHENTICATED when the function fails */
export async function askToken(token: Token): Promise<string> {
  if (typeof token === "string") return token;
  let text: unknown;
  try {
    text = await token();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodeqError("UNAUTHENTICATED", `there is no token: ${reason}`, { cause: error });
  }
  if (isText(text)) return text;
  throw new CodeqError("UNAUTHENTICATED", "there is no token: the function returned none");
}

/** Whatever the declaration says. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}
