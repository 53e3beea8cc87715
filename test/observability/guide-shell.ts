import { expect } from "bun:test";
import { symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { ensureBuilt } from "../../scripts/build.ts";
import { TemporaryDirectory } from "../server-process.ts";
import { freePort } from "./free-port.ts";

export const ROOT = dirname(dirname(import.meta.dir));
const SHELL_MS_MAX = 110_000;

/** A block of commands and what the guide says it prints. */
interface Step {
  readonly commands: string;
  readonly output: string | undefined;
}

/**
 * Runs every `sh` block of a guide, in one shell with `codeq` on its path, and holds what each prints against the `text`
 * block behind it, where `…` stands for anything.
 * @param paths directories of further programs
 * @param env further variables
 */
export async function expectGuideToHold(
  markdown: string,
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  using directory = new TemporaryDirectory();
  symlinkSync(ensureBuilt(ROOT), directory.at("codeq"));
  const steps = stepsOf(markdown);
  expect(steps.length).toBeGreaterThan(1);

  const port = String(freePort());
  const script = steps.map(({ commands }, index) => `printf '\\n@ step ${index}\\n'\n${commands}`).join("");
  const shell = Bun.spawn(["bash", "-euc", `exec 2>&1\n${script.replaceAll("8080", port)}`], {
    cwd: directory.path,
    env: {
      PATH: [directory.path, ...paths, "/usr/bin", "/bin"].join(":"),
      HOME: directory.path,
      PORT: port,
      // Their usual ports may be taken on this machine.
      CODEQ_WORKER_PORT: "off",
      CODEQ_PRODUCER_PORT: "off",
      ...env,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    timeout: SHELL_MS_MAX,
  });
  const [output, code] = await Promise.all([new Response(shell.stdout).text(), shell.exited]);
  expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });

  const printed = output.split(/^@ step \d+\n/m).slice(1);
  for (const [index, { output: said }] of steps.entries()) {
    if (said !== undefined) expect(printed[index]?.replaceAll(port, "8080")).toMatch(patternOf(said));
  }
}

function stepsOf(markdown: string): readonly Step[] {
  const blocks = [...markdown.matchAll(/^```([\w-]*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, commands = ""], index): Step[] => {
    const next = blocks[index + 1];
    return language === "sh" ? [{ commands, output: next?.[1] === "text" ? next[2] : undefined }] : [];
  });
}

/** Numbers of bytes may vary a little from file system to file system. */
function patternOf(output: string): RegExp {
  const literal = output.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const lines = literal.split("\n").map((line) => line.trimEnd());
  const loose = lines.map((line) => (line === "…" ? "[^]*" : line.replaceAll("…", ".*")));
  return new RegExp(loose.join("\n").replaceAll(/\d+(?= bytes on disk)/g, "1[4-7]\\d"));
}
