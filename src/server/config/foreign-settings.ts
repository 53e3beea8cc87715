/**
 * Settings that deployments written for other servers of this protocol carry and codeq has no use for. They must not
 * keep it from starting, but whoever set one is told that nothing comes of it.
 */
export interface ForeignSetting {
  readonly key: string;
  readonly env: readonly string[];
  readonly why: string;
}

const REPLICATED = "codeq runs on one machine";
const STORAGE = "codeq stores tasks in SQLite";
const NOT_SENT = "codeq sends no webhooks yet";

export const foreignSettings: readonly ForeignSetting[] = [
  { key: "timezone", env: ["TIMEZONE"], why: "times are in UTC" },
  { key: "requeueInspectLimit", env: ["REQUEUE_INSPECT_LIMIT"], why: "due tasks are found without sampling" },
  { key: "persistenceProvider", env: ["PERSISTENCE_PROVIDER"], why: STORAGE },
  { key: "redisAddr", env: ["REDIS_ADDR"], why: STORAGE },
  { key: "redisPassword", env: ["REDIS_PASSWORD", "KVROCKS_PASSWORD"], why: STORAGE },
  { key: "localArtifactsDir", env: ["LOCAL_ARTIFACTS_DIR"], why: "codeq keeps no artifacts yet" },
  { key: "identityServiceApiKey", env: ["IDENTITY_SERVICE_API_KEY"], why: "it is not needed to check tokens" },
  { key: "webhookHmacSecret", env: ["WEBHOOK_HMAC_SECRET"], why: NOT_SENT },
  { key: "subscriptionMinIntervalSeconds", env: ["SUBSCRIPTION_MIN_INTERVAL_SECONDS"], why: NOT_SENT },
  { key: "subscriptionCleanupIntervalSeconds", env: ["SUBSCRIPTION_CLEANUP_INTERVAL_SECONDS"], why: NOT_SENT },
  { key: "resultWebhookMaxAttempts", env: ["RESULT_WEBHOOK_MAX_ATTEMPTS"], why: NOT_SENT },
  { key: "resultWebhookBaseBackoffSeconds", env: ["RESULT_WEBHOOK_BASE_BACKOFF_SECONDS"], why: NOT_SENT },
  { key: "resultWebhookMaxBackoffSeconds", env: ["RESULT_WEBHOOK_MAX_BACKOFF_SECONDS"], why: NOT_SENT },
  {
    key: "rateLimit.webhook",
    env: ["RATE_LIMIT_WEBHOOK_REQUESTS_PER_MINUTE", "RATE_LIMIT_WEBHOOK_BURST_SIZE"],
    why: NOT_SENT,
  },
  { key: "cluster", env: ["CLUSTER_SELF_ID", "CLUSTER_GRPC_ADDR", "CLUSTER_NODES"], why: REPLICATED },
  {
    key: "raft",
    env: [
      "RAFT_SELF_ID",
      "RAFT_BIND_ADDR",
      "RAFT_BOOTSTRAP",
      "RAFT_PEERS",
      "RAFT_PEER_HTTP_ADDRS",
      "RAFT_MUX_ENABLED",
      "RAFT_HEARTBEAT_MS",
      "RAFT_ELECTION_MS",
      "RAFT_LEADER_LEASE_MS",
      "RAFT_COMMIT_MS",
      "RAFT_APPLY_TIMEOUT_SECONDS",
      "RAFT_TOPIC_CATALOG_PROTOCOL",
    ],
    why: REPLICATED,
  },
  { key: "sharding", env: [], why: REPLICATED },
  { key: "pprof", env: ["CODEQ_PPROF", "CODEQ_PPROF_ADDR"], why: "codeq has no pprof endpoint" },
];

/** Switches that ask for what codeq does not do: starting alone instead would promise replicas that do not exist. */
export const refusedSwitches: readonly { readonly key: string; readonly env: string | undefined }[] = [
  { key: "cluster.enabled", env: "CLUSTER_ENABLED" },
  { key: "raft.enabled", env: "RAFT_ENABLED" },
  { key: "sharding.enabled", env: undefined },
];
