import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { type K6Run, runK6 } from "./k6-run.ts";
import { MisbehavingServer, type Misbehaviour } from "./misbehaving-server.ts";

/** Runs a scenario against a server that is broken in one way. */
export async function runAgainst(
  misbehave: Misbehaviour,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<K6Run> {
  using directory = new TemporaryDirectory();
  await using real = await ServerProcess.start({ dataDir: directory.path });
  await using server = new MisbehavingServer(real.url, misbehave);
  return await runK6(script, server.url, env);
}
