import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';

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

/** What a machine in front of a provider says. */
export function toMachinePage(status: number, words: string): Answer {
  return html(status, `<html><body><h1>${status} ${words}</h1></body></html>\n`);
}

const MAX_BODY_BYTES = 1024 * 1024;

/** The whole request, or undefined where its body is larger than 1 MiB. */
export async function readRequest(incoming: IncomingMessage): Promise<Request | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  const url = new URL(incoming.url ?? '/', 'http://simulator');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks),
  };
}

/** The JSON object that a request carries, or undefined where its body is none. */
export function readJsonObject({ body }: Request): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Answers, unless the caller is gone. */
export function sendAnswer(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(status, { 'Content-Length': Buffer.byteLength(body), ...headers });
  outgoing.end(outgoing.req.method === 'HEAD' ? undefined : body);
}

/** A message that a simulator sends to whoever gave it a URL. */
export interface OutgoingMessage {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the other side made of it. */
export interface Delivery {
  readonly status: number | null;
  readonly error: string | null;
}

/** Posts a message on a connection of its own. Never throws: what went wrong is the delivery's `error`. */
export function postMessage({ url, body, headers }: OutgoingMessage, signal: AbortSignal): Promise<Delivery> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void =>
      resolve({ status: null, error: error instanceof Error ? error.message : String(error) });
    try {
      const send = new URL(url).protocol === 'https:' ? requestHttps : requestHttp;
      const all = {
        'Content-Type': 'application/json;charset=UTF-8',
        'Content-Length': Buffer.byteLength(body),
        ...headers,
      };
      const request = send(url, { method: 'POST', headers: all, agent: false, signal }, (response) => {
        response.resume();
        response.on('error', fail);
        response.on('end', () => resolve({ status: response.statusCode ?? null, error: null }));
      });
      request.on('error', fail);
      request.end(body);
    } catch (error) {
      fail(error);
    }
  });
}
