import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { prometheusPrograms } from "./prometheus-programs.ts";

const POLL_MS = 100;

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Time in seconds, value as text. */
  readonly value: readonly [number, string];
}

/** A real Prometheus that scrapes one server as job `codeq` twice a second, and takes what k6 writes. */
export class PrometheusServer implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #errors: Promise<string>;
  readonly url: string;

  /** @param directory for its data; must go away later than this */
  constructor(directory: string, target: string) {
    const port = freePort();
    this.url = `http://127.0.0.1:${port}`;
    mkdirSync(directory, { recursive: true });
    const config = join(directory, "prometheus.yml");
    const scrape = { job_name: "codeq", static_configs: [{ targets: [target] }] };
    writeFileSync(config, JSON.stringify({ global: { scrape_interval: "500ms" }, scrape_configs: [scrape] }));
    const command = [
      prometheusPrograms().prometheus,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
    ];
    this.#process = Bun.spawn(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    this.#errors = new Response(this.#process.stderr).text();
  }

  /** Asks again and again until the answer is one: it has to start, and to scrape a few times, which takes as long as it takes. */
  async query(expr: string, good: (series: readonly Series[]) => boolean, deadline: AbortSignal): Promise<Series[]> {
    for (;;) {
      const series = await this.#ask(expr);
      if (good(series) || deadline.aborted) return series;
      if (this.#process.exitCode !== null) throw new Error(`Prometheus ended: ${await this.#errors}`);
      await Bun.sleep(POLL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async #ask(expr: string): Promise<Series[]> {
    const url = `${this.url}/api/v1/query?query=${encodeURIComponent(expr)}`;
    const response = await fetch(url).catch(() => undefined);
    if (response === undefined || response.status === 503) return [];
    // The documented shape of its API; whatever is different fails the test that asked.
    const answer = (await response.json()) as {
      readonly data?: { readonly result: Series[] };
      readonly error?: string;
    };
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error ?? response.status}`);
    return answer.data.result;
  }
}
