import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** Where the generated code lies, below the root of the project. */
export const GENERATED = "proto/generated";

const PROTO_OPTIONS = [
  "oneof=unions-value",
  "forceLong=bigint",
  "useOptionals=messages",
  "enumsAsLiterals=true",
  "unrecognizedEnum=false",
  "outputServices=none",
  "outputJsonMethods=false",
  "outputPartialMethods=false",
  "exportCommonSymbols=false",
  "importSuffix=.ts",
];

/** The generated code as it should be: text by path below `GENERATED`. */
export function generateProto(root: string): Map<string, string> {
  const workshop = mkdtempSync(join(tmpdir(), "codeq-proto-"));
  try {
    const plugin = {
      local: [process.execPath, join(root, "node_modules/.bin/protoc-gen-ts_proto")],
      out: workshop,
      include_imports: true,
      include_wkt: true,
      opt: PROTO_OPTIONS,
    };
    const template = JSON.stringify({ version: "v2", inputs: [{ directory: "proto" }], plugins: [plugin] });
    runBuf(root, ["generate", "--template", template]);
    const files = new Map(filesBelow(workshop).map((path) => [path, readFileSync(join(workshop, path), "utf8")]));
    const sources = new Map(Array.from(files, ([path, text]) => [path, adapt(path, text)]));
    sources.set("descriptors.ts", descriptorsSource(root));
    return sources;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** @returns what buf prints */
export function runBuf(root: string, args: readonly string[]): Buffer {
  const command = [process.execPath, join(root, "node_modules/.bin/buf"), ...args];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: root, stdin: "ignore" });
  if (exitCode !== 0) throw new Error(`buf ${args[0] ?? ""} failed:\n${stdout.toString()}${stderr.toString()}`);
  return stdout;
}

/** Our own reader and writer instead of ts-proto's; no versions of tools; of files that are not ours only the code. */
function adapt(path: string, text: string): string {
  const wire = `${"../".repeat(path.split("/").length)}wire.ts`;
  const own = text
    .replace('"@bufbuild/protobuf/wire"', JSON.stringify(wire))
    .replace(/^\/\/ versions:\n(?:\/\/ {3}.*\n)+/m, "");
  return path.startsWith("google/") ? own.replaceAll(/^ *\/\*\*\n(?: *\*.*\n)+? *\*\/\n/gm, "") : own;
}

/** What server reflection hands out: serialized FileDescriptorProtos, without comments, by file name. */
function descriptorsSource(root: string): string {
  const request = runBuf(root, ["build", "proto", "--exclude-source-info", "-o", "-#format=binpb"]);
  return [
    "// Generated from the .proto files. Do not edit.",
    "",
    "/** A serialized google.protobuf.FileDescriptorSet in base64. */",
    `export const FILE_DESCRIPTOR_SET =\n  "${request.toString("base64")}";`,
    "",
  ].join("\n");
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const target = join(root, GENERATED);
  rmSync(target, { recursive: true, force: true });
  for (const [path, text] of generateProto(root)) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  }
}
