/** One request to a provider. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Whole exchange, connect to last byte. */
  readonly timeoutMs?: number;
  /** Submits use a fresh connection: a stale keep-alive reset would be doubt. */
  readonly freshConnection?: boolean;
  /** Epoch ms after which nothing may leave: then the exchange is `notSent`. */
  readonly sendBefore?: number;
}

/** A complete answer: a status, headers and a body to the last byte. */
export interface HttpAnswer {
  readonly kind: 'response';
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed JSON, or undefined where the text is none. */
  readonly body: unknown;
  readonly durationMs: number;
}

/** What came of it. `notSent` is proof that nothing left us; `noResponse` is silence after it may have. */
export type HttpExchange =
  | HttpAnswer
  | { readonly kind: 'notSent'; readonly cause: string }
  | { readonly kind: 'noResponse'; readonly cause: string; readonly durationMs: number };

/** Never throws: every way an exchange can end is a value. */
export interface HttpClient {
  send(request: HttpRequest): Promise<HttpExchange>;
}
