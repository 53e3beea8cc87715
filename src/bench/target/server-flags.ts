import { ownCommand } from "./own-command.ts";

/** What the bench decides itself: where it finds the server, and what its own flags and its report say about it. */
const TAKEN =
  /^--(host|port|worker-port|producer-port|grpc-port|tls-\w+|config|data-dir|shards|durability|log-format|shutdown-grace)\b/;

/** What is wrong with these flags for the measured server, or undefined: asked before anything is measured. */
export async function complaintAboutServerFlags(flags: readonly string[]): Promise<string | undefined> {
  if (flags.length === 0) return undefined;
  const taken = flags.find((flag) => TAKEN.test(flag));
  if (taken !== undefined) return `${taken} of the measured server is not for --server-flags`;
  const config = Bun.spawn([...ownCommand(), "config", ...flags], {
    env: { PATH: "/usr/bin:/bin" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [complaint, code] = await Promise.all([new Response(config.stderr).text(), config.exited]);
  return code === 0 ? undefined : `--server-flags: ${complaint.trim().replace(/^codeq: /, "")}`;
}
