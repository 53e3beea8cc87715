/**
 * Reads the 36 characters of a UUID into four words, without making a text of it.
 * @returns whether it was one
 */
export function readIdWords(bytes: Uint8Array, start: number, into: Int32Array, at: number): boolean {
  let wrong = 0;
  for (let word = 0; word < 4; word += 1) {
    let value = 0;
    for (let digit = 0; digit < 8; digit += 1) {
      const nibble = NIBBLES[bytes[start + (PLACES[word * 8 + digit] ?? 0)] ?? 0] ?? -1;
      wrong |= nibble;
      value = (value << 4) | nibble;
    }
    into[at + word] = value;
  }
  return wrong >= 0;
}

export function sameWords(a: Int32Array, atA: number, b: Int32Array, atB: number): boolean {
  return a[atA] === b[atB] && a[atA + 1] === b[atB + 1] && a[atA + 2] === b[atB + 2] && a[atA + 3] === b[atB + 3];
}

export const ID_CHARS = 36;

/** Where the 32 hex digits are among the 36 characters. */
const PLACES = Uint8Array.from(
  Array.from({ length: ID_CHARS }, (_, place) => place).filter((place) => ![8, 13, 18, 23].includes(place)),
);

/** By character code; -1 for what is no digit, so that one such sets the sign of the union of all. */
const NIBBLES = Int8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});
