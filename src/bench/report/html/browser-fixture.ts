import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Undefined where there is none. */
const browserPath = ["chromium", "chromium-browser", "google-chrome"].map((name) => Bun.which(name)).find(Boolean);

/**
 * Test-only: whether tests that need a browser are to be skipped: there is none, and this is a machine where somebody
 * reads this message. `CODEQ_SKIPPING` comes from `scripts/run-tests.ts`.
 */
export function mayGoWithoutBrowser(): boolean {
  if (typeof browserPath === "string" || process.env["CODEQ_SKIPPING"] === "refused") return false;
  process.stderr.write("skipped: what opens reports in a browser, since there is no chromium on PATH\n");
  return true;
}

/** Of the one browser that all views of a process share. */
let profile: string | undefined;

/** Test-only: ends the browser and removes what it leaves behind when it is ended like that. */
export async function closeBrowser(): Promise<void> {
  if (profile === undefined) return;
  // Both are links to what their names say.
  const socket = readlinkSync(join(profile, "SingletonSocket"));
  const pid = Number(readlinkSync(join(profile, "SingletonLock")).split("-").at(-1));
  Bun.WebView.closeAll();
  for (let look = 0; look < LOOKS_MAX && isRunning(pid); look += 1) await Bun.sleep(LOOK_MS);
  for (const directory of [dirname(socket), profile])
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  profile = undefined;
}

const LOOKS_MAX = 200;
const LOOK_MS = 10;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Test-only: how the reader looks at a page. */
export interface Look {
  readonly scheme: "light" | "dark";
  readonly width: number;
}

/** Test-only: a page as one reader sees it, with what went wrong while it was opened. */
export class OpenPage implements Disposable {
  readonly #view: Bun.WebView;
  readonly problems: string[] = [];

  private constructor(view: Bun.WebView) {
    this.#view = view;
  }

  static async open(html: string, { scheme, width }: Look): Promise<OpenPage> {
    const view = newView(width);
    const page = new OpenPage(view);
    await view.navigate("about:blank");
    for (const domain of ["Runtime", "Log", "Network"]) await view.cdp(`${domain}.enable`);
    const complain = (event: MessageEvent): void => void page.problems.push(JSON.stringify(event.data));
    for (const event of ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"] as const) {
      view.addEventListener(event, complain);
    }
    view.addEventListener<{ request: { url: string } }>("Network.requestWillBeSent", ({ data }) => {
      if (!/^(file|data):/.test(data.request.url)) page.problems.push(`asks for ${data.request.url}`);
    });
    await view.cdp("Emulation.setDeviceMetricsOverride", {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await view.cdp("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const directory = mkdtempSync(join(tmpdir(), "codeq-report-"));
    const path = join(directory, "report.html");
    await Bun.write(path, html);
    await view.navigate(`file://${path}`);
    rmSync(directory, { recursive: true });
    return page;
  }

  /** The value of an expression in the page. */
  async ask<T>(expression: string): Promise<T> {
    return await this.#view.evaluate<T>(expression);
  }

  async screenshot(path: string): Promise<void> {
    await Bun.write(path, await this.#view.screenshot());
  }

  [Symbol.dispose](): void {
    this.#view.close();
  }
}

function newView(width: number): Bun.WebView {
  if (typeof browserPath !== "string") throw new Error("a browser is required, and there is no chromium on PATH");
  profile ??= mkdtempSync(join(tmpdir(), "codeq-browser-"));
  const argv = ["--no-sandbox", "--disable-dev-shm-usage", `--user-data-dir=${profile}`];
  return new Bun.WebView({ width, height: 900, backend: { type: "chrome", url: false, path: browserPath, argv } });
}
