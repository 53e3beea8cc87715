import { describe, expect, test } from "bun:test";
import { buildAuthenticators, devAuthenticators, WORKER_SCOPES } from "./authenticators.ts";
import { authorizeAdmin, authorizeAny, authorizeProducer, authorizeWorker } from "./authorize.ts";
import { readCredential } from "./credential.ts";

const SECRET = "s3cret-token";

function producerOnly(config: unknown, type = "static") {
  return buildAuthenticators({ producer: { type, config }, worker: undefined, allowProducerAsWorker: false });
}

function workerOnly(config: unknown) {
  return buildAuthenticators({ producer: undefined, worker: { type: "static", config }, allowProducerAsWorker: false });
}

function refusal(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
}

async function verdict(outcome: ReturnType<typeof authorizeAny>): Promise<string> {
  const { ok, ...rest } = await outcome;
  return ok ? "ok" : "error" in rest ? `${rest.error.code} ${rest.error.message}` : "";
}

describe("settings of a provider", () => {
  test("a bare token is enough", async () => {
    const auth = producerOnly({ token: SECRET, raw: { tid: "acme" } });
    expect(await verdict(authorizeProducer(auth, readCredential(`Bearer ${SECRET}`)))).toBe("ok");
    expect(
      await verdict(authorizeProducer(producerOnly(JSON.stringify(SECRET)), readCredential(`bearer ${SECRET}`))),
    ).toBe("ok");
  });

  test.each([
    ["no JSON", SECRET, "producer auth: the configuration is not valid JSON"],
    ["a blank token", { token: "  " }, "producer auth: token: static auth: token is required"],
    ["no token", {}, "producer auth: token: static auth: token is required"],
    ["no settings at all", undefined, "producer auth: Invalid input: expected object, received undefined"],
    ["an unknown key", { token: SECRET, tokn: "x" }, 'producer auth: Unrecognized key: "tokn"'],
    [
      "a wrong type",
      { token: SECRET, scopes: SECRET },
      "producer auth: scopes: Invalid input: expected array, received string",
    ],
  ])("%s is refused by name", (_, config, message) => {
    expect(refusal(() => producerOnly(config))).toBe(message);
  });

  test.each([["ldap", "producer auth: unknown auth provider type: ldap"]])(
    "an unknown provider is refused",
    (type, message) => {
      expect(refusal(() => producerOnly({ token: SECRET }, type))).toBe(message);
    },
  );

  test("several providers are asked in order, two to four of them, none nested", async () => {
    const entry = (token: string) => ({ type: "static", config: { token, subject: token } });
    const bare = { type: "static", config: "token-d" };
    const auth = producerOnly(JSON.stringify({ providers: [entry("token-a"), entry("token-b"), bare] }), "multi");
    expect(await verdict(authorizeProducer(auth, readCredential("Bearer token-d")))).toBe("ok");
    const caller = await authorizeProducer(auth, readCredential("Bearer token-b"));
    expect(caller.ok && caller.value.tenant).toBe("token-b");
    expect(await verdict(authorizeProducer(auth, readCredential("Bearer token-c")))).toBe(
      "UNAUTHENTICATED multi auth: token rejected by every provider: invalid token; invalid token; invalid token",
    );
    for (const providers of [[entry("a")], ["a", "b", "c", "d", "e"].map(entry)]) {
      expect(refusal(() => producerOnly({ providers }, "multi"))).toContain("multi auth takes 2 to 4 providers");
    }
    const nested = { type: "multi", config: { providers: [entry("a"), entry("b")] } };
    expect(refusal(() => producerOnly({ providers: [entry("a"), nested] }, "multi"))).toContain("cannot be nested");
  });

  test("no message quotes a value", () => {
    const configs = [SECRET, { token: [SECRET] }, { token: SECRET, raw: SECRET }, [SECRET], { [`x`]: SECRET }];
    for (const config of configs) expect(refusal(() => producerOnly(config))).not.toContain(SECRET);
  });
});

describe("who may pass", () => {
  const worker = { token: SECRET, subject: "worker-1", scopes: ["codeq:claim"], eventTypes: ["a"] };

  test.each([
    [undefined, "UNAUTHENTICATED missing Authorization header"],
    ["   ", "UNAUTHENTICATED missing Authorization header"],
    ["Bearer", "UNAUTHENTICATED invalid Authorization format"],
    [`Basic ${SECRET}`, "UNAUTHENTICATED invalid Authorization format"],
    [SECRET, "UNAUTHENTICATED invalid Authorization format"],
    ["Bearer nope", "UNAUTHENTICATED invalid token"],
    [`Bearer ${SECRET}x`, "UNAUTHENTICATED invalid token"],
    [`BEARER   ${SECRET}  `, "ok"],
  ])("a worker with header %p: %s", async (header, expected) => {
    expect(await verdict(authorizeWorker(workerOnly(worker), readCredential(header), "codeq:claim"))).toBe(expected);
  });

  test.each([
    [{ ...worker, eventTypes: [] }, "UNAUTHENTICATED missing eventTypes"],
    [{ ...worker, scopes: [] }, "UNAUTHENTICATED missing scope"],
    [{ ...worker, scopes: ["codeq:nack"] }, "PERMISSION_DENIED missing scope"],
    [{ ...worker, raw: { tid: "Not valid" } }, "PERMISSION_DENIED invalid tenant claims"],
  ])("a worker's token must carry what the route needs (%#)", async (config, expected) => {
    const credential = readCredential(`Bearer ${SECRET}`);
    expect(await verdict(authorizeWorker(workerOnly(config), credential, "codeq:claim"))).toBe(expected);
  });

  test("a producer works as a worker only where that is allowed", async () => {
    const producer = { type: "static", config: { token: SECRET, subject: "producer-1" } };
    const other = { type: "static", config: { ...worker, token: "other" } };
    const credential = readCredential(`Bearer ${SECRET}`);
    const strict = buildAuthenticators({ producer, worker: other, allowProducerAsWorker: false });
    expect(await verdict(authorizeWorker(strict, credential, "codeq:result"))).toBe("UNAUTHENTICATED invalid token");
    const open = buildAuthenticators({ producer, worker: other, allowProducerAsWorker: true });
    const caller = await authorizeWorker(open, credential, "codeq:result");
    expect(caller.ok && [caller.value.subject, caller.value.eventTypes]).toEqual(["producer-1", ["*"]]);
  });

  test("any: the worker identity of a shared token wins, and failures say nothing", async () => {
    const auth = devAuthenticators(SECRET, "dev-tenant");
    const caller = await authorizeAny(auth, readCredential(`Bearer ${SECRET}`));
    expect(caller.ok && caller.value.subject).toBe("worker-dev");
    for (const header of [undefined, "Basic x", "Bearer x"]) {
      expect(await verdict(authorizeAny(auth, readCredential(header)))).toBe("UNAUTHENTICATED invalid token");
    }
  });

  test("any: a worker's token without commands is none", async () => {
    const auth = workerOnly({ ...worker, eventTypes: [] });
    expect(await verdict(authorizeAny(auth, readCredential(`Bearer ${SECRET}`)))).toBe("UNAUTHENTICATED invalid token");
  });

  test.each([
    [{ scopes: ["codeq:admin"] }, "ok"],
    [{ raw: { role: "admin" } }, "ok"],
    [{ raw: { role: "ADMIN" } }, "ok"],
    [{ raw: { role: "user" } }, "UNAUTHENTICATED unauthorized. Admin only"],
    [{ raw: { role: ["ADMIN"] } }, "UNAUTHENTICATED unauthorized. Admin only"],
    [{}, "UNAUTHENTICATED unauthorized. Admin only"],
  ])("an admin has the scope or the role (%#)", async (extra, expected) => {
    const auth = producerOnly({ token: SECRET, ...extra });
    expect(await verdict(authorizeAdmin(auth, readCredential(`Bearer ${SECRET}`)))).toBe(expected);
  });

  test("defect 2: the development token speaks for the same tenant as producer and as worker", async () => {
    const auth = devAuthenticators("dev-token", "dev-tenant");
    const credential = readCredential("Bearer dev-token");
    const producer = await authorizeProducer(auth, credential);
    expect(producer.ok && producer.value.tenant).toBe("dev-tenant");
    expect((await authorizeAdmin(auth, credential)).ok).toBeTrue();
    for (const scope of WORKER_SCOPES) {
      const caller = await authorizeWorker(auth, credential, scope);
      expect(caller.ok && caller.value.tenant).toBe("dev-tenant");
    }
  });
});
