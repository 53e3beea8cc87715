import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ServerProcess, TemporaryDirectory } from "../server-process.ts";
import { PROMETHEUS_MISSING, prometheusPrograms } from "./prometheus-programs.ts";

const ROOT = dirname(dirname(import.meta.dir));
const DEPLOYED = join(ROOT, "deploy", "prometheus");
const CASES = readdirSync(join(DEPLOYED, "tests")).map((name) => join(DEPLOYED, "tests", name));

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(["warning", "critical"]) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const RuleTests = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

const RULES = join(DEPLOYED, "alerting-rules.yml");
const alerts = Rules.parse(Bun.YAML.parse(readFileSync(RULES, "utf8"))).groups.flatMap(({ rules }) => rules);
const cases = CASES.flatMap((path) => RuleTests.parse(Bun.YAML.parse(readFileSync(path, "utf8"))).tests);

describe.skipIf(PROMETHEUS_MISSING)("alerts", () => {
  test("are rules that Prometheus takes", () => {
    expect(promtool(["check", "rules", RULES])).toContain("SUCCESS");
    expect(promtool(["check", "config", join(DEPLOYED, "prometheus.yml")])).toContain("SUCCESS");
  });

  for (const path of CASES) {
    test(`come and stay away as ${path.slice(ROOT.length + 1)} says`, () => {
      expect(promtool(["test", "rules", path])).toContain("SUCCESS");
    });
  }

  test("have thresholds that these tests notice to be raised or lowered", () => {
    const text = readFileSync(RULES, "utf8");
    const thresholds = [...text.matchAll(/(?<= [<>] )[\d.]+$/gm)];
    expect(thresholds.length).toBeGreaterThan(12);
    using directory = new TemporaryDirectory();
    const unnoticed = thresholds.flatMap(({ 0: threshold, index }) => {
      const changes = [Number(threshold) * 10 + (threshold === "0" ? 1e9 : 0), Number(threshold) * 0.9 - 0.001];
      const alert =
        text
          .slice(0, index)
          .match(/(?<=alert: )\w+/g)
          ?.at(-1) ?? "";
      return changes
        .filter((changed) => {
          const rules = text.slice(0, index) + String(changed) + text.slice(index + threshold.length);
          return testsPass(directory.path, rules);
        })
        .map((changed) => `${alert}: ${threshold} as ${changed}`);
    });
    expect(unnoticed).toEqual([]);
  }, 120_000);
});

describe("each alert", () => {
  for (const { alert, annotations } of alerts) {
    test(`${alert} has a test in which it fires and one in which it does not`, () => {
      const ofAlert = cases.map(({ alert_rule_test }) => alert_rule_test.filter((one) => one.alertname === alert));
      expect(ofAlert.some((checks) => checks.some((check) => check.exp_alerts.length > 0))).toBe(true);
      const silent = ofAlert.filter(
        (checks) => checks.length > 0 && checks.every((check) => check.exp_alerts.length === 0),
      );
      expect(silent.length).toBeGreaterThan(0);
    });

    test(`${alert} is explained in the operations guide`, () => {
      const [file = "", anchor] = annotations.runbook.split("#");
      const headings = [...readFileSync(join(ROOT, file), "utf8").matchAll(/^#+ (.+)$/gm)].map(([, text]) => text);
      expect(anchor).toBe(alert.toLowerCase());
      expect(headings).toContain(alert);
    });
  }

  test("defect 58: every alert stands on metrics of the server; those of webhooks come with the webhooks", async () => {
    using directory = new TemporaryDirectory();
    await using server = await ServerProcess.start({ dataDir: directory.path });
    const page = await (await fetch(`${server.url}/metrics`)).text();
    const known = new Set([...page.matchAll(/^# HELP (\S+)/gm)].map(([, name = ""]) => name));
    const used = new Set(alerts.flatMap(({ expr }) => expr.match(/\bcodeq_\w+/g) ?? []));
    const missing = [...used].filter((name) => !known.has(name.replace(/_bucket$/, "")));
    expect(missing.filter((name) => !name.startsWith("codeq_webhook_"))).toEqual([]);
    expect(used.size).toBeGreaterThan(10);
  });
});

/** @throws Error with its output when it fails */
function promtool(args: readonly string[]): string {
  const { exitCode, output } = runPromtool(args);
  if (exitCode !== 0) throw new Error(output);
  return output;
}

function runPromtool(args: readonly string[]): { readonly exitCode: number; readonly output: string } {
  const { promtool: path } = prometheusPrograms();
  const { exitCode, stdout, stderr } = Bun.spawnSync([path, ...args], { stdin: "ignore" });
  return { exitCode, output: `${stdout.toString()}${stderr.toString()}` };
}

/** Whether our cases hold for these rules. */
function testsPass(directory: string, rules: string): boolean {
  mkdirSync(join(directory, "tests"), { recursive: true });
  writeFileSync(join(directory, basename(RULES)), rules);
  const copies = CASES.map((path) => {
    const copy = join(directory, "tests", basename(path));
    copyFileSync(path, copy);
    return copy;
  });
  return runPromtool(["test", "rules", ...copies]).exitCode === 0;
}
