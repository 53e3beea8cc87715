/** What one client may ask of the streams. */
export interface GrpcLimits {
  /** Streams open at the same time, on all connections together. */
  readonly streamsMax: number;
  readonly streamsPerConnectionMax: number;
  /** Tasks, results and other requests of one stream that are being worked on; over it, the stream is not read. */
  readonly inFlightMax: number;
  /** Items in one batch of creates or results. */
  readonly batchMax: number;
  /** Tasks handed out in one message, whatever a Ready asks for. */
  readonly assignmentMax: number;
  /** Readys of one stream that wait at the same time. */
  readonly readysMax: number;
  readonly claimCommandsMax: number;
  readonly messageBytesMax: number;
  /** Beyond this size tasks go into another message; clients take 4 MiB unless told otherwise. */
  readonly assignmentBytesMax: number;
  readonly jsonDepthMax: number;
  readonly workerIdBytesMax: number;
  /** From the opening of a stream to its Hello. */
  readonly helloMsMax: number;
  /** How long a client may leave unread what it was sent. */
  readonly stallMsMax: number;
  /** A connection is probed after so long a silence; 0 never. */
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Streams are ended so long after they were opened, for clients to connect anew; 0 never. */
  readonly streamAgeMsMax: number;
  /** A client may hand in its work on a stream that is too old for so long. */
  readonly streamAgeGraceMs: number;
  /** A connection without streams is closed after this. */
  readonly connectionIdleMs: number;
}
