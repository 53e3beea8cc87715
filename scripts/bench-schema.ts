import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { resultJsonSchema } from "../src/bench/report/result-schema.ts";

/** Writes the JSON Schema of the files of `codeq bench --json` to `docs/`. */
const path = join(dirname(import.meta.dirname), "docs", "bench-result.schema.json");
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, `${JSON.stringify(resultJsonSchema(), undefined, 2)}\n`);
