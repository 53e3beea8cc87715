import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh directory for one server, removed at the end; should this process be killed, by the next run. */
export class DataDir implements Disposable {
  readonly path: string;
  readonly #home: string;

  /** @param parent where it is made, as `placeOfData` has it */
  constructor(parent: string) {
    this.#home = mkdtempSync(join(parent, PREFIX));
    this.path = join(this.#home, "data");
    mkdirSync(this.path);
    this.#write({ bench: identityOf(process.pid) ?? { pid: process.pid, startTicks: "" }, server: undefined });
  }

  /** So that whoever clears up after us can end this server. */
  ownedBy(serverPid: number): void {
    const bench = identityOf(process.pid) ?? { pid: process.pid, startTicks: "" };
    this.#write({ bench, server: identityOf(serverPid) });
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }

  #write(owners: Owners): void {
    writeFileSync(join(this.#home, OWNERS_FILE), JSON.stringify(owners));
  }
}

/**
 * Removes what killed runs have left behind: their servers and their directories.
 * @returns how many there were
 */
export function removeLeftovers(place: string): number {
  let removed = 0;
  for (const name of readdirSync(place).filter((name) => name.startsWith(PREFIX))) {
    const home = join(place, name);
    const owners = readOwners(home);
    if (owners === undefined || lives(owners.bench)) continue;
    if (owners.server !== undefined && lives(owners.server)) process.kill(owners.server.pid, "SIGKILL");
    rmSync(home, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

/**
 * Where data directories are made, as an absolute path without links: where the user wants them, else on a real disk.
 * Undefined when that is no directory.
 */
export function placeOfData(wanted: string | undefined): string | undefined {
  try {
    const place = realpathSync(wanted ?? diskPlace());
    return statSync(place).isDirectory() ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Never memory that looks like a disk, if there is another place. */
function diskPlace(): string {
  const places = [tmpdir(), process.cwd(), homedir()];
  return places.find((place) => isWritable(place) && !isMemory(place)) ?? tmpdir();
}

/** A process id alone may have a new owner; together with the time of its start it is one process for ever. */
interface Identity {
  readonly pid: number;
  readonly startTicks: string;
}

interface Owners {
  readonly bench: Identity;
  readonly server: Identity | undefined;
}

function identityOf(pid: number): Identity | undefined {
  try {
    // The name of the program, in parentheses, may hold anything; the start time is the 20th field after it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return { pid, startTicks: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "" };
  } catch {
    return undefined;
  }
}

function lives({ pid, startTicks }: Identity): boolean {
  return identityOf(pid)?.startTicks === startTicks;
}

function readOwners(home: string): Owners | undefined {
  try {
    // Written by this class.
    return JSON.parse(readFileSync(join(home, OWNERS_FILE), "utf8")) as Owners;
  } catch {
    // Just being made, or not ours.
    return undefined;
  }
}

function isMemory(path: string): boolean {
  return MEMORY_TYPES.has(statfsSync(path).type);
}

function isWritable(path: string): boolean {
  try {
    const probe = mkdtempSync(join(path, `${PREFIX}probe-`));
    rmSync(probe, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

const PREFIX = "codeq-bench-";
const OWNERS_FILE = "owners.json";
/** tmpfs and ramfs. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
