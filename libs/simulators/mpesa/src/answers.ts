import type { IncomingHttpHeaders } from 'node:http';

/** A request as the handlers see it. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What goes back, byte for byte. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What becomes of a request: an answer, now or late, or a connection that is cut without one. */
export interface Reply {
  readonly answer: Answer | 'cut';
  /** How long the answer is kept back. */
  readonly delayMs?: number;
  /** What follows once the answer has left, or at once where it is kept back. */
  readonly afterwards?: () => void;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function html(status: number, body: string): Answer {
  return { status, headers: { 'Content-Type': 'text/html' }, body };
}

/** The envelope of every synchronous error (§1.2). */
export function refusal(status: number, errorCode: string, errorMessage: string, requestId: string): Answer {
  return json(status, { requestId, errorCode, errorMessage });
}
