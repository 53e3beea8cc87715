import { CodeqError } from "../queue/errors.ts";

/** A body that is not what the route reads; the message says why. */
export class UnfitBody extends Error {
  override readonly name = "UnfitBody";
}

export function notAnObject(): UnfitBody {
  return new UnfitBody("must be a JSON object");
}

export function protoKey(): UnfitBody {
  return new UnfitBody('key "__proto__" is not allowed');
}

export function duplicateKey(key: string): UnfitBody {
  return new UnfitBody(`duplicate key ${JSON.stringify(key.slice(0, 64))}`);
}

/** In the words of the wire protocol. */
export function listTooLong(name: string, items: string, itemsMax: number): CodeqError {
  return new CodeqError("INVALID_ARGUMENT", `batch size exceeds maximum of ${itemsMax}`, {
    cause: `${name} has ${items} items`,
  });
}
