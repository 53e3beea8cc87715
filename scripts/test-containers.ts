import { dirname } from "node:path";
import { ensureInstalled } from "./install.ts";

/**
 * `bun run test:containers`: builds the image, brings the compose files up and looks at what they do. Apart from the other
 * tests, since it needs docker or podman with a compose, and the base images.
 */
const root = dirname(import.meta.dirname);
ensureInstalled(root);
const child = Bun.spawn([process.execPath, "test", "test/containers", ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, CODEQ_TEST_CONTAINERS: "true" },
  stdio: ["ignore", "inherit", "inherit"],
});
process.exitCode = await child.exited;
