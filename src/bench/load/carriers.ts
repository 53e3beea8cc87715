/** Brings messages with creates to the server, and their answers into the book. */
export interface CreateCarrier {
  connect(): Promise<void>;
  /**
   * Sends one message with the creates of so many tags from `first` on; `answered` is called once all are answered.
   * @param intendedUs when it should have been sent
   */
  send(first: number, count: number, intendedUs: number): void;
  close(): void;
}

export interface CreateCarrierEvents {
  /** One message has all its answers. */
  readonly answered: () => void;
  /** Nothing will be answered any more. */
  readonly failed: (reason: string) => void;
}

/** Works: claims tasks, finishes them at once, and writes both into the book. */
export interface Worker {
  connect(): Promise<void>;
  start(): void;
  /**
   * Claims no more, and resolves once everything that was delivered has its answer and the server has closed the
   * streams, or the time is over.
   */
  finish(withinMs: number): Promise<void>;
  close(): void;
}

export interface WorkerEvents {
  readonly failed: (reason: string) => void;
}
