import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { version } from "../../package.json";
import { CERTIFICATE, PRIVATE_KEY } from "../../src/server/tls-fixture.ts";
import { ComposeStack, freePorts, until } from "./compose-stack.ts";
import { type ContainerTools, containerTools, mustRun, runTool } from "./container-tools.ts";
import { commandsNotedIn, commandsOf } from "./document-commands.ts";

// Only by `bun run test:containers`: it needs a container engine and the base images, and takes minutes.
const WANTED = process.env["CODEQ_TEST_CONTAINERS"] === "true";
/** The server of the stack for this machine follows changes of its sources: these are not changed by anybody. */
const ROOT = join(tmpdir(), `codeq-containers-${process.pid}`);
const LOCAL_DEV = join(ROOT, "deploy/docker-compose/local-dev");
const PRODUCTION = join(ROOT, "deploy/docker-compose/production/compose.yaml");
const USER = "10001:10001";
/** Everything that images and stacks are made of. */
const CHECKOUT =
  "Dockerfile .dockerignore .archive-commit package.json bun.lock bunfig.toml tsconfig.json deploy loadtest proto scripts src";

/** How fast this machine is today is not what the commands are tried for. */
const UNHURRIED = { CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100" };

setDefaultTimeout(300_000);
let tools: ContainerTools;

describe.skipIf(!WANTED)("in containers", () => {
  beforeAll(async () => {
    tools = containerTools(process.env);
    const checkout = dirname(dirname(import.meta.dir));
    mkdirSync(ROOT);
    for (const name of CHECKOUT.split(" ")) cpSync(join(checkout, name), join(ROOT, name), { recursive: true });
    const build = [...tools.engine, "build", ...tools.buildFlags];
    const from = ["--build-arg", "COMMIT=0123abc", "--build-arg", "COMMIT_DATE=2026-07-20T12:00:00+00:00"];
    from.push("--build-arg", "SOURCE=https://example.org/codeq");
    await mustRun([...build, ...from, "--tag", "codeq:local", ROOT]);
    await mustRun([...build, "--target", "dev", "--tag", "codeq:dev", ROOT]);
  }, 900_000);

  afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

  describe("the image", () => {
    const run = (...args: readonly string[]) => runTool([...tools.engine, "run", "--rm", "--read-only", ...args]);

    test("runs as nobody's root, keeps its data in one volume and opens its three ports only", async () => {
      const [image] = JSON.parse(await mustRun([...tools.engine, "image", "inspect", "codeq:local"]));
      expect(image.Config.User).toBe(USER);
      expect(Object.keys(image.Config.Volumes)).toEqual(["/data"]);
      expect(Object.keys(image.Config.ExposedPorts)).toEqual(["8080/tcp", "9091/tcp", "9092/tcp"]);
      expect(image.Config.Labels).toMatchObject({
        "org.opencontainers.image.title": "codeq",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": "0123abc",
        "org.opencontainers.image.created": "2026-07-20T12:00:00+00:00",
        "org.opencontainers.image.source": "https://example.org/codeq",
      });
    });

    test("says what it was built from", async () => {
      expect((await run("codeq:local", "version")).stdout).toContain("commit 0123abc");
    });

    test("does not start with the publicly known token unless told to", async () => {
      const { code, stderr } = await run("codeq:local");
      expect(code).toBe(2);
      expect(stderr).toContain("--allow-dev-token");
    });

    test("defect 70: knows by itself whether it works", async () => {
      expect((await run("codeq:local", "health")).code).toBe(1);
    });
  });

  describe("defect 66, 73: the stack for this machine", () => {
    let stack: ComposeStack;
    let url = "";
    let prometheusUrl = "";
    let images: readonly string[] = [];

    beforeAll(async () => {
      const [http = "", worker = "", producer = "", prometheus = "", grafana = "", jaeger = ""] = await freePorts(6);
      stack = new ComposeStack(tools, [join(LOCAL_DEV, "compose.yaml"), join(LOCAL_DEV, "compose.override.yaml")], {
        CODEQ_PORT: http,
        CODEQ_WORKER_PORT: worker,
        CODEQ_PRODUCER_PORT: producer,
        PROMETHEUS_PORT: prometheus,
        GRAFANA_PORT: grafana,
        JAEGER_UI_PORT: jaeger,
      });
      url = `http://127.0.0.1:${http}`;
      prometheusUrl = `http://127.0.0.1:${prometheus}`;
      images = await missingImages();
    });

    afterAll(async () => {
      await stack[Symbol.asyncDispose]();
    });

    const stats = async (command: string): Promise<unknown> => {
      const headers = { authorization: "Bearer dev-token" };
      return (await fetch(`${url}/v1/codeq/admin/queues/${command}`, { headers })).json();
    };

    const seeded = (command: string, ready: number) =>
      until(`${ready} tasks of ${command}`, async () => Bun.deepEquals(await stats(command), counts(command, ready)));

    test("comes up, and is healthy", async () => {
      await stack.compose(["up", "-d"]);
      await until("the server", async () => (await fetch(`${url}/readyz`)).ok);
      await mustRun([...tools.engine, "exec", await stack.container("codeq"), "codeq", "health"]);
      expect(await stack.inspect("codeq", "{{json .Config.Healthcheck.Test}}")).toBe('["CMD","codeq","health"]');
    });

    test("has three tasks in it, and no more when it comes up again", async () => {
      await seeded("GENERATE_MASTER", 2);
      await seeded("GENERATE_CREATIVE", 1);
      await stack.compose(["up", "-d"]);
      await until("the second seed", async () => (await stack.inspect("seed", "{{.State.Status}}")) === "exited");
      expect(await stack.inspect("seed", "{{.State.ExitCode}}")).toBe("0");
      await seeded("GENERATE_MASTER", 2);
      await seeded("GENERATE_CREATIVE", 1);
    });

    test("comes up with what observes it", async () => {
      const args = ["--profile", "obs", "up", "-d"];
      // An image that cannot be had here takes only its own service away.
      if (images.length === 0) await stack.compose(args);
      else await stack.try([...args, "codeq", "seed", "prometheus"]);
      await until("Prometheus", async () => (await fetch(`${prometheusUrl}/-/ready`)).ok);
    });

    test("takes load from the k6 service, which hands on the scenario's variables and its verdict", async () => {
      const report = join(LOCAL_DEV, "k6-results", "k6-01_sustained_throughput.json");
      const env = { RATE: "50", DURATION: "3s", WORKER_VUS: "5", CLAIM_P99_MS: "60000", DROPPED_PCT_MAX: "100" };
      const k6 = ["--profile", "loadtest", "run", "--rm", "k6", "run"];
      const passed = await stack.try([...k6, "/scripts/01_sustained_throughput.js"], env);
      expect(passed.code, passed.stdout + passed.stderr).toBe(0);
      expect(existsSync(report)).toBe(true);
      expect((await Bun.file(report).json()).metrics.codeq_tasks_created.values.count).toBeGreaterThan(100);

      const failed = await stack.try([...k6, "/scripts/04_prefill_queue.js"], { TASKS: "-1" });
      expect(failed.code).not.toBe(0);
      expect(failed.stdout + failed.stderr).toContain("TASKS");
    });

    test("is scraped by Prometheus", async () => {
      const query = async (text: string): Promise<string | undefined> => {
        const answer = await fetch(`${prometheusUrl}/api/v1/query?query=${encodeURIComponent(text)}`);
        const value: unknown = JSON.parse(await answer.text()).data.result[0]?.value[1];
        return typeof value === "string" ? value : undefined;
      };
      await until("a scrape", async () => (await query('up{job="codeq"}')) === "1");
      const created = 'codeq_task_created_total{job="codeq",command="GENERATE_MASTER"}';
      await until("the load in the figures", async () => Number(await query(created)) > 100);
      await until("the other side of the load", async () => Number(await query("sum(k6_http_reqs_total)")) > 100);
      const rules = await (await fetch(`${prometheusUrl}/api/v1/rules`)).json();
      expect(JSON.stringify(rules)).toContain("CodeqTargetDown");
    });

    test("does what the page of the scenarios says", async () => {
      await stack.shell(short(commandsOf(read("loadtest/README.md"), "COMPOSE=")), ROOT, UNHURRIED);
    });

    test("finds every task again after a restart", async () => {
      const before = await stats("GENERATE_CREATIVE");
      const masters = await stats("GENERATE_MASTER");
      await stack.compose(["restart", "codeq"]);
      await until("the server", async () => (await fetch(`${url}/readyz`)).ok);
      expect(await stats("GENERATE_CREATIVE")).toEqual(before);
      expect(await stats("GENERATE_MASTER")).toEqual(masters);
    });

    test("follows changes of the sources", async () => {
      const starts = async () => (await stack.logs("codeq")).match(/listens on/g)?.length ?? 0;
      const before = await starts();
      appendFileSync(join(ROOT, "src/build-info.ts"), "// changed\n");
      await until("another start", async () => (await starts()) > before);
    });

    test("does what the guide to load testing says, with the image instead of the sources", async () => {
      // Not every compose exchanges containers that run.
      await stack.compose(["--profile", "obs", "--profile", "loadtest", "down"]);
      await stack.shell(short(commandsOf(read("docs/load-testing.md"), "COMPOSE=")), ROOT, UNHURRIED);
      expect(await stack.inspect("codeq", "{{.Config.Image}}")).toEndWith("codeq:local");
    });

    /** A little load for seconds, and only what can be had here. */
    const short = (commands: string): string =>
      commands
        .replaceAll(/\bDURATION=\w+/g, "DURATION=1s")
        .replaceAll(/\b(RATE|WORKER_VUS)=\d+/g, "$1=5")
        .replaceAll(/--profile obs up -d$/gm, images.length === 0 ? "$&" : "$& codeq seed prometheus");
  });

  describe("defect 67: the stack for production", () => {
    const directory = join(ROOT, "tls");
    const files = { CODEQ_TLS_CERT_FILE: join(directory, "cert.pem"), CODEQ_TLS_KEY_FILE: join(directory, "key.pem") };
    const SECRETS = {
      CODEQ_PRODUCER_TOKEN: "producer-secret",
      CODEQ_WORKER_TOKEN: "worker-secret",
      CODEQ_TENANT: "acme",
    };

    beforeAll(() => {
      mkdirSync(directory);
      writeFileSync(files.CODEQ_TLS_CERT_FILE, CERTIFICATE);
      writeFileSync(files.CODEQ_TLS_KEY_FILE, PRIVATE_KEY);
      // The server's user is another one.
      chmodSync(files.CODEQ_TLS_KEY_FILE, 0o644);
    });

    test.each([...Object.keys(SECRETS), ...Object.keys(files)])("does not start without %s", async (name) => {
      await using stack = new ComposeStack(tools, [PRODUCTION], { ...files, ...SECRETS, [name]: "" });
      const { code, stdout, stderr } = await stack.try(["up", "-d"]);
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain(name);
    });

    test("is set up, backed up and restored by the commands in its file", async () => {
      const [http = "", worker = "", producer = ""] = await freePorts(3);
      const ports = { CODEQ_PORT: http, CODEQ_WORKER_PORT: worker, CODEQ_PRODUCER_PORT: producer };
      const notes = read("deploy/docker-compose/production/compose.yaml");
      const [copy = "", ...start] = commandsNotedIn(notes, "One server").trim().split("\n");
      await mustRun(["bash", "-euc", `cd ${ROOT}\n${copy}`]);
      const settings = join(dirname(PRODUCTION), ".env");
      let text = readFileSync(settings, "utf8");
      for (const [name, value] of Object.entries({ ...SECRETS, ...files })) {
        text = text.replace(new RegExp(`^${name}=$`, "m"), `${name}=${value}`);
      }
      writeFileSync(settings, text);
      await using stack = new ComposeStack(tools, [PRODUCTION], ports);
      const url = `https://localhost:${http}/v1/codeq/tasks`;
      const headers = { authorization: `Bearer ${SECRETS.CODEQ_PRODUCER_TOKEN}` };
      const tls = { ca: CERTIFICATE };
      const create = async (): Promise<string> => {
        const answer = await fetch(url, { method: "POST", headers, body: '{"command":"C","payload":1}', tls });
        return String(JSON.parse(await answer.text()).id);
      };
      const found = async (id: string): Promise<number> => (await fetch(`${url}/${id}`, { headers, tls })).status;
      const up = (): Promise<void> => until("the server", async () => (await found("none")) === 404);

      await stack.shell(start.join("\n"), ROOT);
      await up();
      const kept = await create();
      await stack.shell(commandsNotedIn(notes, "Backup."), ROOT);
      await up();
      const later = await create();
      expect([await found(kept), await found(later)]).toEqual([200, 200]);
      await stack.shell(commandsNotedIn(notes, "Restore."), ROOT);
      await up();
      expect([await found(kept), await found(later)]).toEqual([200, 404]);
      rmSync(settings);
    });

    test("speaks TLS, knows its own tokens alone, is bounded, and drains when it is stopped", async () => {
      const [http = "", worker = "", producer = ""] = await freePorts(3);
      const ports = { CODEQ_PORT: http, CODEQ_WORKER_PORT: worker, CODEQ_PRODUCER_PORT: producer };
      await using stack = new ComposeStack(tools, [PRODUCTION], { ...files, ...SECRETS, ...ports });
      await stack.compose(["up", "-d"]);
      const tls = { ca: CERTIFICATE };
      const url = `https://localhost:${http}`;
      await until("the server", async () => (await fetch(`${url}/readyz`, { tls })).ok);
      const create = (token: string) =>
        fetch(`${url}/v1/codeq/tasks`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
          body: '{"command":"C","payload":1}',
          tls,
        });
      expect((await create("dev-token")).status).toBe(401);
      const created = await create(SECRETS.CODEQ_PRODUCER_TOKEN);
      expect([created.status, await created.json()]).toEqual([202, expect.objectContaining({ tenantId: "acme" })]);
      const claim = {
        method: "POST",
        headers: { authorization: `Bearer ${SECRETS.CODEQ_WORKER_TOKEN}` },
        body: "{}",
        tls,
      };
      expect((await fetch(`${url}/v1/codeq/tasks/claim`, claim)).status).toBe(200);

      await mustRun([...tools.engine, "exec", await stack.container("codeq"), "codeq", "health"]);
      expect(await stack.inspect("codeq", "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Memory}}")).toBe(
        "true 1073741824",
      );
      const logs = await stack.logs("codeq");
      expect(logs).toContain('"durability":"full"');
      expect(logs).not.toContain("secret");

      await stack.compose(["stop", "codeq"]);
      expect(await stack.inspect("codeq", "{{.State.ExitCode}}")).toBe("0");
      expect(await stack.logs("codeq")).toContain('"msg":"drained"');
    });
  });
});

/** A file of the checkout, not all of which the image is made of. */
function read(path: string): string {
  return readFileSync(join(dirname(dirname(import.meta.dir)), path), "utf8");
}

function counts(command: string, ready: number) {
  return { command, ready, delayed: 0, inProgress: 0, dlq: 0 };
}

/** Images of the stack that are neither here nor to be had. */
async function missingImages(): Promise<readonly string[]> {
  const text = await Bun.file(join(LOCAL_DEV, "compose.yaml")).text();
  const names = [...text.matchAll(/^ {4}image: (\S+?)\$\{\w+:-([^}]+)\}$/gm)].map(([, name, tag]) => `${name}${tag}`);
  const missing: string[] = [];
  for (const name of names) {
    const here = await runTool([...tools.engine, "image", "inspect", name]);
    if (here.code === 0 || (await runTool([...tools.engine, "pull", name])).code === 0) continue;
    missing.push(name);
    process.stderr.write(`not tested: ${name} is neither here nor to be had\n`);
  }
  return missing;
}
