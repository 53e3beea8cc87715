import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TriedProject } from "./tried-project.ts";

/** Tells what happens to it. */
const PROGRAM = `
import { buildInfo } from "./build-info.ts";
let signals = 0;
for (const name of ["SIGINT", "SIGTERM"]) {
  process.on(name, () => {
    signals += 1;
    console.log(name + " " + signals);
    if (signals === 2) process.exit(42);
  });
}
const args = process.argv.slice(2);
console.log(JSON.stringify({ args, pid: process.pid, ppid: process.ppid, env: process.env["FROM_DOTENV"], ...buildInfo }));
if (args[0] === "exit") process.exit(Number(args[1]));
setInterval(() => {}, 1000);
`;

/** Long after the moment in which a signal that comes twice counts as one, and the next look at npm's shell. */
const LATER_MS = 800;

const project = new TriedProject({
  "src/cli.ts": PROGRAM,
  // The build's other entry point.
  "src/bench/load/load-thread.ts": "export {};\n",
  "src/build-info.ts": readFileSync(join(import.meta.dirname, "../src/build-info.ts"), "utf8"),
  ".env": "FROM_DOTENV=yes\n",
});
afterAll(() => project[Symbol.dispose]());

function start(...args: readonly string[]): ReturnType<TriedProject["run"]> {
  return project.run("start", ...args);
}

describe("start", () => {
  test("installs and builds on a fresh machine, then serves", async () => {
    const { program, stderr } = launch(["bun", "run", "start"]);
    const first = await program.next();
    expect(JSON.parse(first)).toMatchObject({ args: ["serve"], version: "9.8.7", commit: "unknown" });
    await program.end();
    expect(await stderr).toBe("installing dependencies\nbuilding dist/codeq\n");
  });

  test("does neither again when nothing changed, and says nothing of its own", () => {
    expect(start("exit", "0")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test("builds again once a source changed", () => {
    project.write("src/cli.ts", `${PROGRAM}\n// changed\n`);
    expect(start("exit", "0").stderr).toBe("building dist/codeq\n");
    expect(start("exit", "0").stderr).toBe("");
  });

  test("installs and builds again once the dependencies changed", () => {
    const manifest = readFileSync(join(project.path, "package.json"), "utf8");
    project.write("package.json", manifest.replace("9.8.7", "9.8.8"));
    expect(start("exit", "0").stderr).toBe("installing dependencies\nbuilding dist/codeq\n");
    expect(start("exit", "0").stderr).toBe("");
  });

  test("does not build again for a test", () => {
    project.write("src/cli.test.ts", "");
    expect(start("exit", "0").stderr).toBe("");
  });

  test("leaves nothing but the binary and what it was built from", () => {
    expect(readdirSync(join(project.path, "dist")).toSorted()).toEqual(["codeq", "codeq.sources"]);
  });

  test("passes arguments and the exit code on as they are", () => {
    const { exitCode, stdout } = start("exit", "7", "a b", "it's", '"$HOME"', "--port=0", "");
    expect(JSON.parse(stdout)).toMatchObject({ args: ["exit", "7", "a b", "it's", '"$HOME"', "--port=0", ""] });
    expect(exitCode).toBe(7);
  });

  test("takes the dashes that end the options of run for what they are", () => {
    expect(JSON.parse(start("--", "exit", "0").stdout)).toMatchObject({ args: ["exit", "0"] });
  });

  test("the binary takes nothing from a .env file where it is started", () => {
    const { stdout } = Bun.spawnSync([join(project.path, "dist/codeq"), "exit", "0"], { cwd: project.path, env: {} });
    expect(JSON.parse(stdout.toString())).not.toHaveProperty("env");
  });

  test("a build that fails says why, exits with 1 and keeps the last binary", () => {
    project.write("src/cli.ts", 'import "./missing.ts";\n');
    const { exitCode, stderr } = start("exit", "0");
    project.write("src/cli.ts", PROGRAM);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("missing.ts");
    expect(readdirSync(join(project.path, "dist"))).toContain("codeq");
  });

  test.each(["SIGTERM", "SIGINT"] as const)("a first and a second %s reach the program", async (signal) => {
    const { child, program } = launch(["bun", "run", "start"]);
    await program.next();
    child.kill(signal);
    expect(await program.next()).toBe(`${signal} 1`);
    await Bun.sleep(LATER_MS);
    child.kill(signal);
    expect(await program.next()).toBe(`${signal} 2`);
    expect(await child.exited).toBe(42);
  });

  test("a signal that comes twice within a moment reaches the program once", async () => {
    const { child, program } = launch(["bun", "run", "start"]);
    await program.next();
    child.kill("SIGINT");
    expect(await program.next()).toBe("SIGINT 1");
    child.kill("SIGINT");
    await Bun.sleep(LATER_MS);
    expect(await program.end()).toBe("");
  });

  test("Ctrl-C in a terminal reaches the program once", async () => {
    const screen = new Screen();
    const child = Bun.spawn([process.execPath, "run", "start"], {
      cwd: project.path,
      env: project.environment,
      terminal: { data: (_, bytes) => screen.print(bytes) },
    });
    await screen.shows("serve");
    child.terminal?.write("\u0003");
    await screen.shows("SIGINT 1");
    await Bun.sleep(LATER_MS);
    expect(screen.text).not.toContain("SIGINT 2");
    child.terminal?.write("\u0003");
    await screen.shows("SIGINT 2");
    expect(await child.exited).toBe(42);
  });

  test("the program is told to stop when npm's shell was killed", async () => {
    const { child, program } = launch(["/bin/sh", "-c", `'${process.execPath}' run start; true`], {
      npm_execpath: "/usr/lib/node_modules/npm/bin/npm-cli.js",
    });
    const { pid } = JSON.parse(await program.next()) as { pid: number }; // as PROGRAM prints it
    child.kill("SIGKILL");
    expect(await program.next()).toBe("SIGTERM 1");
    process.kill(pid, "SIGKILL");
  });

  test("the program is not told to stop a second time when npm's shell goes, too", async () => {
    const { child, program } = launch(["/bin/sh", "-c", `'${process.execPath}' run start; true`], {
      npm_execpath: "/usr/lib/node_modules/npm/bin/npm-cli.js",
    });
    const { pid, ppid } = JSON.parse(await program.next()) as { pid: number; ppid: number }; // as PROGRAM prints it
    process.kill(ppid, "SIGTERM");
    expect(await program.next()).toBe("SIGTERM 1");
    child.kill("SIGKILL");
    await Bun.sleep(LATER_MS);
    process.kill(pid, "SIGKILL");
    expect(await program.end()).toBe("");
  });

  test("the program does not outlive a killed start", async () => {
    const { child, program } = launch(["bun", "run", "start"]);
    await program.next();
    child.kill("SIGKILL");
    expect(await program.end()).toBe("");
  });
});

interface Launched {
  readonly child: Bun.ReadableSubprocess;
  readonly program: {
    /** The next line it prints. */
    readonly next: () => Promise<string>;
    /** Kills what was launched, and yields what the program still had to say when it was gone, too. */
    readonly end: () => Promise<string>;
  };
  readonly stderr: Promise<string>;
}

function launch(command: readonly string[], extra: Readonly<Record<string, string>> = {}): Launched {
  const child = Bun.spawn(
    command.map((word) => (word === "bun" ? process.execPath : word)),
    { cwd: project.path, env: { ...project.environment, ...extra }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (): Promise<boolean> => {
    const { done, value } = await output.read();
    text += value ?? "";
    return !done;
  };
  const next = async (): Promise<string> => {
    while (!text.includes("\n")) if (!(await read())) throw new Error(`no more lines, only ${JSON.stringify(text)}`);
    const line = text.slice(0, text.indexOf("\n"));
    text = text.slice(line.length + 1);
    return line;
  };
  const end = async (): Promise<string> => {
    child.kill("SIGKILL");
    while (await read());
    return text;
  };
  return { child, program: { next, end }, stderr: new Response(child.stderr).text() };
}

/** What a terminal has shown so far. */
class Screen {
  text = "";
  #onPrint = (): void => undefined;

  print(bytes: Uint8Array): void {
    this.text += new TextDecoder().decode(bytes);
    this.#onPrint();
  }

  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onPrint = resolve;
      await promise;
    }
  }
}
