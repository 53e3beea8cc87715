/** Numbers as a BLOB has them, 64-bit floats. Copied, since a view needs an aligned start. */
export function doublesOf(packed: Uint8Array): Float64Array {
  return new Float64Array(Uint8Array.from(packed).buffer);
}
