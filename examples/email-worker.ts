/**
 * Works on e-mail tasks until it is told to stop.
 *
 *     codeq serve
 *     bun examples/email-worker.ts
 */
import { once } from "node:events";
import { env } from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { nack, Worker } from "codeq/client";
import { commands } from "./email-commands.ts";

const worker = new Worker({
  address: env["CODEQ_WORKER"] ?? "127.0.0.1:9091",
  token: env["CODEQ_TOKEN"] ?? "dev-token",
  schemas: commands,
  concurrency: 4,
  async handler({ payload, attempts, signal }) {
    // Stands for a mail server, which is busy the first time somebody called "eve" gets mail.
    if (payload.to.startsWith("eve@") && attempts === 1) return nack({ delaySeconds: 0, reason: "busy" });
    await pause(10, undefined, { signal });
    return { sentAt: new Date().toISOString() };
  },
  onSettled: ({ taskId, verdict, outcome }) => void process.stdout.write(`${taskId}: ${verdict}, ${outcome}\n`),
  // Another attempt follows by itself.
  onDisconnect: ({ message }) => void process.stderr.write(`no connection: ${message}\n`),
});

const stopping = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]).then(() => worker.close());
await worker.run();
await stopping;
