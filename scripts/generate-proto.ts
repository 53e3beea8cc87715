import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

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

const NEW_BYTES = "new Uint8Array(0)";

/** Our own reader and writer instead of ts-proto's; no versions of tools; of files that are not ours only the code. */
function adapt(path: string, text: string): string {
  const wire = `${"../".repeat(path.split("/").length)}wire.ts`;
  // Every message begins with its fields empty, and an array made for that costs more than all the others together.
  const bytes = text.includes(NEW_BYTES) ? ", NO_BYTES" : "";
  const own = text
    .replace(' } from "@bufbuild/protobuf/wire"', `${bytes} } from ${JSON.stringify(wire)}`)
    .replaceAll(NEW_BYTES, "NO_BYTES")
    .replace(/^\/\/ versions:\n(?:\/\/ {3}.*\n)+/m, "");
  return path.startsWith("google/") ? own.replaceAll(/^ *\/\*\*\n(?: *\*.*\n)+? *\*\/\n/gm, "") : own;
}

/** What server reflection hands out: serialized descriptors, without comments. */
function descriptorsSource(root: string): string {
  const bytes = runBuf(root, ["build", "proto", "--exclude-source-info", "-o", "-#format=binpb"]);
  const entries = fromBinary(FileDescriptorSetSchema, bytes).file.map((file) => ({
    name: file.name,
    dependencies: file.dependency,
    symbols: symbolsOf(file),
    descriptor: Buffer.from(toBinary(FileDescriptorProtoSchema, withoutBufExtension(file))).toString("base64"),
  }));
  return [
    "// Generated from the .proto files. Do not edit.",
    "",
    "export interface FileDescriptor {",
    "  /** As it is imported. */",
    "  readonly name: string;",
    "  readonly dependencies: readonly string[];",
    "  /** Full names of the services, methods, messages and enums in it. */",
    "  readonly symbols: readonly string[];",
    "  /** A serialized google.protobuf.FileDescriptorProto in base64. */",
    "  readonly descriptor: string;",
    "}",
    "",
    `export const FILE_DESCRIPTORS: readonly FileDescriptor[] = ${JSON.stringify(entries, undefined, 2)};`,
    "",
  ].join("\n");
}

function symbolsOf(file: FileDescriptorProto): string[] {
  const within = (prefix: string, name: string): string => (prefix === "" ? name : `${prefix}.${name}`);
  const messages = (prefix: string, types: readonly DescriptorProto[]): string[] =>
    types.flatMap(({ name, nestedType, enumType }) => {
      const full = within(prefix, name);
      return [full, ...messages(full, nestedType), ...enumType.map((type) => within(full, type.name))];
    });
  const services = file.service.flatMap(({ name, method }) => {
    const full = within(file.package, name);
    return [full, ...method.map((one) => within(full, one.name))];
  });
  return [
    ...services,
    ...messages(file.package, file.messageType),
    ...file.enumType.map(({ name }) => within(file.package, name)),
  ];
}

/** buf adds a field of its own, which no reader of descriptors expects. */
function withoutBufExtension(file: FileDescriptorProto): FileDescriptorProto {
  const { $unknown: _, ...rest } = file;
  return rest;
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
