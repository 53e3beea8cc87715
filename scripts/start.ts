import { dirname } from "node:path";
import { ensureBuilt } from "./build.ts";
import { ensureInstalled } from "./install.ts";
import { runBinary } from "./run-binary.ts";

/**
 * `bun start [arguments of codeq]`: makes sure that dependencies and binary are there and current, then runs it.
 * Nothing this imports may come from `node_modules`, which does not exist on a fresh machine.
 */
async function start(args: readonly string[]): Promise<number> {
  const root = dirname(import.meta.dirname);
  try {
    ensureInstalled(root);
    const binary = ensureBuilt(root);
    return await runBinary(binary, args.length === 0 ? ["serve"] : args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

// `bun run start -- --port 0` hands the dashes on.
const given = process.argv.slice(2);
process.exit(await start(given[0] === "--" ? given.slice(1) : given));
