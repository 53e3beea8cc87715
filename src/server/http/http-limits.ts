/** Bounds of the HTTP transport; `config` says where each comes from. */
export interface HttpLimits {
  /** Request bodies, as received. */
  readonly bodyBytesMax: number;
  /** Nesting of arrays and objects inside a member of a request body. */
  readonly jsonDepthMax: number;
  /** Values in a large request body, those in payloads and results aside. */
  readonly jsonValuesMax: number;
  /** Tasks in one batch create. */
  readonly batchMax: number;
  /** Tasks in one batch claim. */
  readonly claimBatchMax: number;
  /** Results in one batch. */
  readonly resultsBatchMax: number;
  /** Commands one claim may name. */
  readonly claimCommandsMax: number;
  /** Longest wait of a claim; a request for more is cut to it. */
  readonly waitMsMax: number;
  /** Longest wait for a result; a request for more is cut to it. */
  readonly resultWaitMsMax: number;
  /** Tasks one cleanup may delete. */
  readonly cleanupMax: number;
  /** Requests being answered at the same time, waiting ones included. */
  readonly requestsMax: number;
  /** A connection without traffic is closed after this many seconds (1 to 255); waiting requests are exempt. */
  readonly idleSeconds: number;
}
