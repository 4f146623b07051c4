/** Something that delivers messages, in a process of its own. */
export interface Deliverer {
  /** Makes so many messages ready to be sent, and sends none. */
  load(count: number): Promise<void>;
  /** Sends what is ready, and resolves when all of it is acknowledged. */
  drain(): Promise<void>;
  /** One event of each type at this moment, sent as it comes. Only what keeps events can do that. */
  announce?(count: number): Promise<void>;
  /** Beside those it has, an endpoint that takes messages and never answers, in place of one of ten. */
  killOne?(): Promise<void>;
  /** From now on whatever is announced is sent. */
  run?(): void;
  close(): Promise<void>;
}

/** Where it sends to, and what it may use. */
export interface DelivererPlace {
  readonly sinkUrl: string;
  /** `mysql://…`, or a file of SQLite. */
  readonly database: string;
  readonly redisUrl: string;
}
