/** Says what is wrong with a text that is too long, or undefined. Counted are bytes of UTF-8. */
export function overBound(name: string, text: string | undefined, bytesMax: number): string | undefined {
  // A UTF-16 unit is at most three bytes: most texts need no counting.
  if (text === undefined || text.length * 3 <= bytesMax) return undefined;
  const bytes = utf8Bytes(text);
  return bytes <= bytesMax ? undefined : `${name} of ${bytes} bytes is over the limit of ${bytesMax} bytes`;
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // Each half of a surrogate pair counts for two of the pair's four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
