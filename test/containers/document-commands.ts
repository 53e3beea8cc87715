/**
 * The commands of a page's `console` block.
 * @param word that is in the block
 */
export function commandsOf(markdown: string, word: string): string {
  const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
  return found(
    blocks.filter((block) => block.includes(word)),
    word,
  );
}

/**
 * The commands in a section of the comment at the head of a file, line by line; one that goes on has its `\` at the end.
 * @param start how the section begins
 */
export function commandsNotedIn(text: string, start: string): string {
  const head = text.split("\n").filter((line) => line.startsWith("#"));
  const from = head.findIndex((line) => line.startsWith(`# ${start}`));
  // A section begins with text behind an empty line; its own text and its commands are apart as well.
  const next = head.findIndex((line, index) => index > from && head[index - 1] === "#" && /^# \S/.test(line));
  const section = head.slice(from, next === -1 ? undefined : next);
  const commands = section.filter((line) => line.startsWith("#   ")).map((line) => `${line.slice(4)}\n`);
  return found(from === -1 || commands.length === 0 ? [] : [commands.join("")], start);
}

function found(texts: readonly string[], what: string): string {
  const [text, ...more] = texts;
  if (text === undefined || more.length > 0)
    throw new Error(`${texts.length} places with commands fit ${what}, not one`);
  return text;
}
