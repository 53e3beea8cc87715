import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { runBuf } from "../scripts/generate-proto.ts";

const ROOT = dirname(import.meta.dir);
const SOURCES = join(import.meta.dir, "interop-go");
const PROTOS = ["producer", "worker"] as const;

/**
 * Whether tests that need Go are to be skipped: there is none, and this is a machine where somebody reads this message.
 * @param skipping the variable `CODEQ_SKIPPING`, which comes from `scripts/run-tests.ts`
 */
export function mayGoWithoutGo(skipping: string | undefined): boolean {
  if (Bun.which("go") !== null || skipping === "refused") return false;
  process.stderr.write("skipped: clients written in Go, since there is no go on PATH to build them with\n");
  return true;
}

/**
 * The Go client, built from its sources and from code generated from our `.proto` files; kept until one of them changes.
 * @returns the path of the binary
 * @throws Error with what the tools say
 */
export function ensureInteropBuilt(): string {
  const cache = join(ROOT, ".cache", "interop-go");
  const binary = join(cache, sourcesHash(), "interop");
  if (existsSync(binary)) return binary;
  const workshop = join(cache, `build-${process.pid}`);
  try {
    cpSync(SOURCES, workshop, { recursive: true });
    const tools = ["google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc"];
    go(workshop, ["build", "-o", `${join(workshop, "bin")}/`, ...tools]);
    runBuf(ROOT, [
      "generate",
      "--template",
      template(workshop),
      ...PROTOS.flatMap((name) => ["--path", `proto/${name}.proto`]),
    ]);
    go(workshop, ["build", "-o", join(workshop, "interop"), "."]);
    mkdirSync(dirname(binary), { recursive: true });
    renameSync(join(workshop, "interop"), binary);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
  return binary;
}

function sourcesHash(): string {
  const hash = createHash("sha256");
  const files = readdirSync(SOURCES).sort();
  for (const path of [
    ...files.map((name) => join(SOURCES, name)),
    ...PROTOS.map((name) => join(ROOT, `proto/${name}.proto`)),
  ]) {
    hash.update(path.slice(ROOT.length)).update("\0").update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 16);
}

function go(directory: string, args: readonly string[]): void {
  const command = [Bun.which("go") ?? "go", ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: directory, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`go ${args[0] ?? ""} failed:\n${stdout.toString()}${stderr.toString()}`);
}

/** Our `.proto` files name no Go package: that is up to whoever generates. */
function template(workshop: string): string {
  const packages = PROTOS.map((name) => `M${name}.proto=codeq/interop/${name}pb`);
  const plugin = (name: string): object => ({
    local: join(workshop, "bin", name),
    out: workshop,
    opt: ["module=codeq/interop", ...packages],
  });
  const plugins = [plugin("protoc-gen-go"), plugin("protoc-gen-go-grpc")];
  return JSON.stringify({ version: "v2", inputs: [{ directory: "proto" }], plugins });
}
