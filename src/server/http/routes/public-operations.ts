import type { Answer } from "../route.ts";

interface PublicOperation {
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly answers: readonly Answer[];
}

/** What the OpenAPI document says about the routes that need no token. */
export const PUBLIC_OPERATIONS: readonly PublicOperation[] = [
  {
    path: "/healthz",
    operation: "getHealth",
    summary: "Is the process alive?",
    answers: [{ status: 200, description: "It is", schema: "Health" }],
  },
  {
    path: "/readyz",
    operation: "getReadiness",
    summary: "May work be sent here?",
    answers: [
      { status: 200, description: "Yes", schema: "Readiness" },
      { status: 503, description: "No; the reasons are listed", schema: "Readiness" },
    ],
  },
  {
    path: "/version",
    operation: "getVersion",
    summary: "What was built from which source",
    answers: [{ status: 200, description: "Version and commit", schema: "Version" }],
  },
  {
    path: "/metrics",
    operation: "getMetrics",
    summary: "Metrics for Prometheus",
    answers: [{ status: 200, description: "Prometheus text format", schema: undefined }],
  },
];
