import { readFileSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** Ctrl-C arrives here from the terminal and once more from `bun run`; within this time it is the same one. */
const SAME_SIGNAL_MS = 200;
const WATCH_INTERVAL_MS = 500;

/**
 * Runs a program as if it stood in our place: same terminal, each signal once, same exit code.
 *
 * It gets a session of its own, since a terminal sends Ctrl-C to everyone in the foreground and every process in between
 * sends it on: the program would see two, and take the second for impatience.
 * @returns its exit code, 128 + n if it died of signal n
 */
export async function runBinary(path: string, args: readonly string[]): Promise<number> {
  const lastMs = new Map<string, number>();
  const pass = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    const repeated = now - (lastMs.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS;
    lastMs.set(signal, now);
    // A closed terminal is a polite request to stop, too.
    if (!repeated) child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
  };
  // All this before the program runs: a signal in between would end us, and the program with us.
  for (const signal of SIGNALS) process.on(signal, pass);
  const watch = watchNpx(() => {
    if (lastMs.size === 0) child.kill("SIGTERM");
  });
  const child = Bun.spawn([path, ...args], { stdio: ["inherit", "inherit", "inherit"], detached: true });
  const exitCode = await child.exited;
  clearInterval(watch);
  return exitCode;
}

/**
 * A SIGTERM to `npx` ends npx and the shell it started `bun` from, and nobody tells `bun`. That shell is the parent of
 * our parent; when it is gone, its child has another.
 */
function watchNpx(onGone: () => void): NodeJS.Timeout | undefined {
  const byNpm = process.env["npm_execpath"]?.endsWith(".js") === true; // else it is the path of bun
  const shell = byNpm ? parentOf(process.ppid) : undefined;
  if (shell === undefined) return undefined;
  const watch = setInterval(() => {
    if (parentOf(process.ppid) === shell) return;
    clearInterval(watch);
    onGone();
  }, WATCH_INTERVAL_MS);
  return watch;
}

function parentOf(pid: number): number | undefined {
  try {
    const ppid = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return ppid === undefined ? undefined : Number(ppid);
  } catch {
    return undefined; // not Linux, or the process is gone
  }
}
