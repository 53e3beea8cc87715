/** Something that must hold for the sources as a whole. Runs from the top of the repository, passes with exit code 0. */
export interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** What to do when it fails, if its own output does not say. */
  readonly advice?: string;
}

/** The longest first: they run side by side. */
export const CHECKS: readonly Check[] = [
  { name: "types", command: ["node_modules/.bin/tsc", "--noEmit"] },
  {
    name: "lint",
    command: ["node_modules/.bin/oxlint", "--type-aware", "--deny-warnings", "--report-unused-disable-directives"],
  },
  { name: "unused code", command: ["node_modules/.bin/knip", "--no-progress", "--treat-config-hints-as-errors"] },
  { name: "build", command: [process.execPath, "scripts/build.ts"] },
  {
    name: "format",
    command: ["node_modules/.bin/biome", "check", "--error-on-warnings"],
    advice: "`bun run format` puts this right.",
  },
];
