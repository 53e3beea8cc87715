// Filled in when the binary is compiled; running from the sources they do not exist.
declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;
declare const BUILD_DATE: string | undefined;

export interface BuildInfo {
  readonly version: string;
  /** Full commit hash, "-dirty" behind it if the sources were changed; "unknown" when not built from git. */
  readonly commit: string;
  /** ISO 8601 time of the commit; empty when unknown. */
  readonly date: string;
}

export const buildInfo: BuildInfo = {
  version: typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-dev",
  commit: typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "unknown",
  date: typeof BUILD_DATE === "string" ? BUILD_DATE : "",
};
