import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
          for: z.string().default("0s"),
          labels: z.object({ severity: z.enum(["warning", "critical"]) }),
          annotations: z.object({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});
const RuleTests = z.object({
  tests: z.array(
    z.looseObject({
      name: z.string(),
      alert_rule_test: z.array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
    }),
  ),
});

type Alert = z.output<typeof Rules>["groups"][number]["rules"][number];

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
    }, 60_000);
  }

  test("have thresholds and horizons that these tests notice to be raised or lowered", () => {
    const changes = alerts.flatMap((rule) => changesOf(rule.expr).map((expr) => ({ ...rule, expr })));
    expect(changes.length).toBeGreaterThan(24);
    using directory = new TemporaryDirectory();
    const paths = changes.map((rule, index) => writeCase(directory.at(String(index)), rule));
    // It works through all of them, whichever fails.
    const { output } = runPromtool(["test", "rules", ...paths]);
    const unnoticed = changes.filter((_, index) => output.includes(`${paths[index]}\n  SUCCESS`));
    expect(unnoticed.map(({ alert, expr }) => `${alert}: ${expr}`)).toEqual([]);
    expect(output.match(/^  FAILED/gm)).toHaveLength(changes.length);
  }, 60_000);
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

/** The expression with one threshold, or one number of hours, raised or lowered, each of them in turn. */
function changesOf(expr: string): string[] {
  return [...expr.matchAll(/(?<= [<>] )[\d.]+(?= |$)|[\d.]+(?= \* 3600\b)/g)].flatMap(({ 0: threshold, index }) => {
    const bound = Number(threshold);
    const changed = [bound === 0 ? 1e9 : bound * 10, bound * 0.9 - 0.001];
    return changed.map((other) => expr.slice(0, index) + String(other) + expr.slice(index + threshold.length));
  });
}

/** Writes the rule, alone, and the tests that are about it. Yields the path of the tests; JSON is YAML. */
function writeCase(directory: string, rule: Alert): string {
  mkdirSync(directory);
  writeFileSync(join(directory, "rules.yml"), JSON.stringify({ groups: [{ name: "changed", rules: [rule] }] }));
  const about = cases.filter(({ alert_rule_test }) => alert_rule_test.some((one) => one.alertname === rule.alert));
  const path = join(directory, "test.yml");
  writeFileSync(path, JSON.stringify({ rule_files: ["rules.yml"], evaluation_interval: "1m", tests: about }));
  return path;
}
