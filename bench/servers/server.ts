/** A server that takes collections, ready to be asked. */
export interface BenchServer {
  /** Such as `http://127.0.0.1:40123`. */
  readonly baseUrl: string;
  /** What goes into `Authorization: Bearer …`. */
  readonly apiKey: string;
  close(): Promise<void>;
}

/** Where a server keeps what it takes: an empty database of its own. */
export type BenchDatabase =
  { readonly kind: 'mysql'; readonly url: string } | { readonly kind: 'sqlite'; readonly file: string };

/** Starts one on an empty database; the gateway's own migrations make the tables of all of them. */
export type StartServer = (database: BenchDatabase) => Promise<BenchServer>;

/** Connections of each server: on two cores more of them only queue inside the database. */
export const POOL_SIZE = 16;
