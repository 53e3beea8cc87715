import { expect, test } from "bun:test";
import { dirname } from "node:path";
import { SdkServer } from "./sdk-server.ts";

const ROOT = dirname(import.meta.dir);

test("the examples send ten e-mails, one of them at the second try", async () => {
  await using server = await SdkServer.start();
  const { workerPort, producerPort } = server.process;
  const env = {
    PATH: process.env["PATH"],
    CODEQ_PRODUCER: `127.0.0.1:${producerPort}`,
    CODEQ_WORKER: `127.0.0.1:${workerPort}`,
  };
  const options = { cwd: ROOT, env, stdin: "ignore", stdout: "pipe", stderr: "inherit" } as const;
  const producing = Bun.spawn([process.execPath, "examples/send-emails.ts"], options);
  expect(await producing.exited).toBe(0);
  const created = (await new Response(producing.stdout).text()).trim().split("\n");
  expect(created).toHaveLength(10);
  expect(created.every((line) => /^[a-z]{3}: task [-0-9a-f]{36}$/.test(line))).toBe(true);

  const working = Bun.spawn([process.execPath, "examples/email-worker.ts"], options);
  let text = "";
  for await (const chunk of working.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    // Everything is done: the worker is asked to stop.
    if (text.match(/: completed, accepted\n/g)?.length === 10) working.kill("SIGTERM");
  }
  expect(await working.exited).toBe(0);
  expect(text.match(/: nacked, accepted\n/g)).toHaveLength(1);

  const again = Bun.spawn([process.execPath, "examples/send-emails.ts"], options);
  expect((await new Response(again.stdout).text()).match(/ was there already/g)).toHaveLength(10);
});

test("without a server the examples say so: the producer gives up and fails, the worker goes on until it is told to stop", async () => {
  const nowhere = "127.0.0.1:1";
  const env = { PATH: process.env["PATH"], CODEQ_PRODUCER: nowhere, CODEQ_WORKER: nowhere };
  const options = { cwd: ROOT, env, stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const;
  const producing = Bun.spawn([process.execPath, "examples/send-emails.ts"], options);
  const working = Bun.spawn([process.execPath, "examples/email-worker.ts"], options);
  let text = "";
  for await (const chunk of working.stderr.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if ((text.match(/^no connection: .*ECONNREFUSED/gm)?.length ?? 0) >= 2) working.kill("SIGINT");
  }
  expect(await working.exited).toBe(0);
  expect(await producing.exited).toBe(1);
  expect((await new Response(producing.stdout).text()).match(/^[a-z]{3}: no connection to 127.0.0.1:1/gm)).toHaveLength(
    10,
  );
  expect(await new Response(producing.stderr).text()).toContain("no connection: ");
}, 30_000);
