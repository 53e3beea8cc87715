/** Runs a command to its end. Its output is kept, both streams as they came. */
export async function runCommand(
  cwd: string,
  command: readonly string[],
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const chunks: string[] = [];
  try {
    const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    await Promise.all([collect(child.stdout, chunks), collect(child.stderr, chunks)]);
    return { ok: (await child.exited) === 0, output: chunks.join("") };
  } catch (error) {
    return { ok: false, output: `${command.join(" ")}: ${error instanceof Error ? error.message : String(error)}\n` };
  }
}

async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, chunks: string[]): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) chunks.push(text);
}
