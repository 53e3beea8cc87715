import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { buildClient } from "../scripts/build-client.ts";
import { CERTIFICATE, PRIVATE_KEY } from "../src/server/tls-fixture.ts";
import { run } from "./run-program.ts";
import { Arrivals, refusalOf, SdkServer, TOKEN } from "./sdk-server.ts";
import { TemporaryDirectory } from "./server-process.ts";

const ROOT = dirname(import.meta.dir);
const TIME_LIMIT_MS = 60_000;
/** Its own authority. */
const TRUST = { ca: CERTIFICATE };
const MUTUAL = { ca: CERTIFICATE, cert: CERTIFICATE, key: PRIVATE_KEY };
const BACKOFF = { baseMs: 1, maxMs: 20 };

const files = new TemporaryDirectory();
writeFileSync(files.at("cert.pem"), CERTIFICATE);
writeFileSync(files.at("key.pem"), PRIVATE_KEY);
const FLAGS = ["--tls-cert", files.at("cert.pem"), "--tls-key", files.at("key.pem")];

beforeAll(() => buildClient(ROOT), TIME_LIMIT_MS);
afterAll(() => files[Symbol.dispose]());

interface Ports {
  readonly url: string;
  readonly producer: string;
  readonly worker: string;
}

function portsOf({ process: { port, producerPort, workerPort } }: SdkServer, host: string): Ports {
  return { url: `https://${host}:${port}`, producer: `${host}:${producerPort}`, worker: `${host}:${workerPort}` };
}

for (const [kind, tls, flags] of [
  ["TLS", TRUST, FLAGS],
  ["a client certificate", MUTUAL, [...FLAGS, "--tls-client-ca", files.at("cert.pem")]],
] as const) {
  describe(`with ${kind}`, () => {
    let server: SdkServer;
    beforeAll(async () => {
      server = await SdkServer.start(...flags);
    }, TIME_LIMIT_MS);
    afterAll(() => server[Symbol.asyncDispose]());

    for (const host of ["127.0.0.1", "localhost"]) {
      test(`a task's whole life goes over ${host}, on Bun`, async () => {
        const { url, producer: producerAddress, worker: workerAddress } = portsOf(server, host);
        await using producer = server.producer({ address: producerAddress, tls });
        await using worker = server.worker({ address: workerAddress, tls, handler: ({ payload }) => ({ payload }) });
        void worker.run();
        const { id } = await producer.create({ command: "SECRET", payload: 7 });
        const client = server.client({ url, tls });
        expect((await client.getResult(id, 30))?.result.result).toEqual({ payload: 7 });
      });

      test(
        `a task's whole life goes over ${host}, on Node`,
        async () => {
          const { url, producer, worker } = portsOf(server, host);
          const pem = JSON.stringify(tls);
          const { code, output } = await run(["node", "test/node-life.mjs", url, producer, worker, pem], ROOT);
          expect([code, output]).toEqual([0, expect.stringContaining('"doubled":42')]);
        },
        TIME_LIMIT_MS,
      );
    }

    test("a server that the authorities do not know is not spoken to", async () => {
      const { url, producer: address } = portsOf(server, "127.0.0.1");
      const failures = new Arrivals<Error>();
      const producer = server.producer({ address, tls: true, backoff: BACKOFF, onDisconnect: failures.add });
      const connecting = refusalOf(producer.connect());
      expect((await failures.atLeast(1))[0]).toMatchObject({ message: expect.stringMatching(/self.signed/i) });
      await producer.close(0);
      expect(await connecting).toMatchObject({ code: "CLOSED" });
      expect(await refusalOf(server.client({ url, tls: true, attemptsMax: 1 }).version())).toMatchObject({
        code: "UNREACHABLE",
      });
    });
  });
}

describe("with TLS", () => {
  test("a certificate for another address is refused", async () => {
    await using server = await SdkServer.start(...FLAGS, "--host", "127.0.0.2");
    const { url, producer: address } = portsOf(server, "127.0.0.2");
    const failures = new Arrivals<Error>();
    await using producer = server.producer({ address, tls: TRUST, backoff: BACKOFF, onDisconnect: failures.add });
    const connecting = refusalOf(producer.connect());
    expect((await failures.atLeast(1))[0]).toMatchObject({ message: expect.stringContaining("127.0.0.2") });
    await producer.close(0);
    expect(await connecting).toMatchObject({ code: "CLOSED" });
    expect(await refusalOf(server.client({ url, tls: TRUST, attemptsMax: 1 }).version())).toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("127.0.0.2"),
    });
  });

  test("a client without the certificate that is asked for cannot connect", async () => {
    await using server = await SdkServer.start(...FLAGS, "--tls-client-ca", files.at("cert.pem"));
    const { url, worker: address } = portsOf(server, "127.0.0.1");
    const failures = new Arrivals<Error>();
    await using worker = server.worker({
      address,
      token: TOKEN,
      tls: TRUST,
      backoff: BACKOFF,
      onDisconnect: failures.add,
      handler: () => undefined,
    });
    void worker.run();
    await failures.atLeast(1);
    expect(await refusalOf(server.client({ url, tls: TRUST, attemptsMax: 1 }).version())).toMatchObject({
      code: "UNREACHABLE",
    });
  });
});
