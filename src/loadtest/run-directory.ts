import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "codeq-loadtest-";
const OWNERS_FILE = "owners.json";

/**
 * What a run needs on disk, and who belongs to it. Removed at the end; should this process be killed, by the next run, which
 * also ends the programs that were started for it.
 */
export class RunDirectory implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), PREFIX));
  readonly #children: Identity[] = [];

  constructor() {
    this.#write();
  }

  at(name: string): string {
    return join(this.#path, name);
  }

  /** From now on a process is part of this run. */
  owns(pid: number): void {
    this.#children.push(identityOf(pid));
    this.#write();
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }

  #write(): void {
    const owners: Owners = { run: identityOf(process.pid), children: this.#children };
    writeFileSync(this.at(OWNERS_FILE), JSON.stringify(owners));
  }
}

/**
 * Ends and removes what killed runs of this user have left behind.
 * @returns how many there were
 */
export function removeLeftovers(): number {
  const left = readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter(isLeft);
  for (const path of left) {
    for (const child of ownersOf(path)?.children ?? []) if (lives(child)) process.kill(child.pid, "SIGKILL");
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  }
  return left.length;
}

/** A process id alone may have a new owner; together with the time of its start it is one process for ever. */
interface Identity {
  readonly pid: number;
  readonly started: string;
}

interface Owners {
  readonly run: Identity;
  readonly children: readonly Identity[];
}

/** Others may write into this directory as well: only what this user made says whom to end. */
function isLeft(path: string): boolean {
  const owners = ownersOf(path);
  return owners !== undefined && !lives(owners.run) && statSync(path).uid === process.getuid?.();
}

function ownersOf(path: string): Owners | undefined {
  try {
    // Written by the class above.
    return JSON.parse(readFileSync(join(path, OWNERS_FILE), "utf8")) as Owners;
  } catch {
    // Just being made, just being removed, or somebody else's.
    return undefined;
  }
}

function identityOf(pid: number): Identity {
  return { pid, started: startOf(pid) };
}

function lives({ pid, started }: Identity): boolean {
  return started !== "" && startOf(pid) === started;
}

/** @returns when a process started, in whatever form the system says it; "" when there is none */
function startOf(pid: number): string {
  try {
    // The name of the program, in parentheses, may hold anything; the start time is the 20th field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    if (process.platform === "linux") return "";
    return Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(pid)])
      .stdout.toString()
      .trim();
  }
}
