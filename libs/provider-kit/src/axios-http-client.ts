import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import axios, { isAxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import { systemScheduler, type Clock, type Scheduler } from '#libs/primitives';
import { CONNECTING, GatedHttpAgent, GatedHttpsAgent, type GatedOptions } from './gated-agents.js';
import type { HttpClient, HttpExchange, HttpRequest } from './http-client.js';
import { findSecrets, redactPath, rememberSecrets } from './redact.js';

/** Keeps requests away from addresses they must not reach. */
export interface EgressGuard {
  /** Why the URL itself must not be called (a literal private address), or undefined. */
  assertUrl(url: string): string | undefined;
  /** Resolves a name for every new connection, and fails where the name leads somewhere forbidden. */
  readonly lookup: LookupFunction;
}

/** What logs and metrics may know of an exchange: no query, no header, no body, no id, no phone number. */
export interface ExchangeRecord {
  readonly method: HttpRequest['method'];
  readonly host: string;
  /** The route, with ids as `:id`. */
  readonly path: string;
  readonly kind: HttpExchange['kind'];
  readonly status?: number;
  readonly cause?: string;
  readonly durationMs: number;
}

export interface HttpClientOptions {
  readonly clock: Clock;
  /** Waits for the time-out. */
  readonly scheduler?: Scheduler;
  /** The largest response body, after decompression. 1 MB: provider answers have a few kilobytes. */
  readonly maxResponseBytes?: number;
  readonly defaultTimeoutMs?: number;
  readonly guard?: EgressGuard;
  /** TLS and socket settings, such as an extra `ca`. */
  readonly agentOptions?: https.AgentOptions;
  readonly onExchange?: (record: ExchangeRecord) => void;
}

/** An HTTP client with sockets of its own to give back. */
export interface ClosableHttpClient extends HttpClient {
  /** Closes idle and busy sockets. What was in flight becomes `noResponse`. */
  close(): void;
}

/**
 * The HTTP client for providers. It never throws and never follows a redirect; environment proxies do not apply.
 * `notSent` is a proof, not a guess: it is said only where the request never got an open socket (gated-agents.ts).
 */
export function createHttpClient(options: HttpClientOptions): ClosableHttpClient {
  const pools = createPools(options);
  const client = createAxios(options.maxResponseBytes ?? 1_000_000);

  async function send(request: HttpRequest): Promise<HttpExchange> {
    const startedAt = options.clock.now();
    const url = readUrl(request.url);
    const refusal = url ? options.guard?.assertUrl(url.href) : 'the URL is not valid';
    const exchange: HttpExchange =
      url === undefined || refusal !== undefined
        ? { kind: 'notSent', cause: refusal ?? 'the URL is not valid' }
        : await new Sending(request, url, options, startedAt).run(
            client,
            request.freshConnection ? pools.fresh : pools.kept,
          );
    const query = Object.fromEntries(url?.searchParams ?? []);
    rememberSecrets(exchange, findSecrets(request.headers ?? {}, [request.json, query]));
    report(request, url, exchange, startedAt);
    return exchange;
  }

  function report(request: HttpRequest, url: URL | undefined, exchange: HttpExchange, startedAt: number): void {
    try {
      options.onExchange?.({
        method: request.method,
        host: url?.host ?? '',
        path: redactPath(url?.pathname ?? ''),
        kind: exchange.kind,
        ...(exchange.kind === 'response' ? { status: exchange.status } : { cause: exchange.cause }),
        durationMs: options.clock.now() - startedAt,
      });
    } catch (error) {
      // A broken observer must not turn a provider's answer into an exception.
      process.emitWarning(`an exchange was not recorded: ${String(error)}`);
    }
  }

  return {
    send,
    close() {
      for (const { httpAgent, httpsAgent } of [pools.fresh, pools.kept]) {
        httpAgent.destroy();
        httpsAgent.destroy();
      }
    },
  };
}

interface Pool {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

function createPools({ agentOptions, guard }: HttpClientOptions): { fresh: Pool; kept: Pool } {
  const lookup = guard ? { lookup: guard.lookup } : {};
  const make = (own: http.AgentOptions): Pool => ({
    httpAgent: new GatedHttpAgent({ ...lookup, ...own }),
    httpsAgent: new GatedHttpsAgent({ ...agentOptions, ...lookup, ...own }),
  });
  // Idle sockets are few and short-lived: each may have been closed by the other side without our knowing.
  return { fresh: make({ keepAlive: false }), kept: make({ keepAlive: true, maxFreeSockets: 16, timeout: 15_000 }) };
}

function createAxios(maxResponseBytes: number): AxiosInstance {
  return axios.create({
    adapter: 'http',
    proxy: false,
    maxRedirects: 0,
    responseType: 'arraybuffer',
    transformRequest: (data: unknown) => data,
    transformResponse: (data: unknown) => data,
    validateStatus: () => true,
    maxContentLength: maxResponseBytes,
    maxBodyLength: Infinity,
    timeout: 0, // Ours covers connect to last byte.
  });
}

// One request on its way. `handedOver` is the instant from which bytes may have left us.
class Sending {
  private handedOver = false;
  private stopped: string | undefined;
  private readonly abort = new AbortController();
  private readonly timeoutMs: number;

  constructor(
    private readonly request: HttpRequest,
    private readonly url: URL,
    private readonly options: HttpClientOptions,
    private readonly startedAt: number,
  ) {
    this.timeoutMs = request.timeoutMs ?? options.defaultTimeoutMs ?? 30_000;
  }

  async run(client: AxiosInstance, pool: Pool): Promise<HttpExchange> {
    const cancelTimer = (this.options.scheduler ?? systemScheduler).after(this.timeoutMs, () => {
      this.stop(`no ${this.handedOver ? 'answer' : 'connection'} within ${this.timeoutMs} ms`);
    });
    try {
      if (this.isTooLate()) return { kind: 'notSent', cause: TOO_LATE };
      const { json } = this.request;
      const response = await client.request<Buffer>({
        ...pool,
        url: this.url.href,
        method: this.request.method,
        headers: toHeaders(this.request),
        data: json === undefined ? undefined : Buffer.from(JSON.stringify(json)),
        transport: { request: this.open.bind(this) },
        signal: this.abort.signal,
      });
      return toResponse(response, this.elapsed());
    } catch (error) {
      const cause = this.stopped ?? describeFault(error);
      return this.handedOver ? { kind: 'noResponse', cause, durationMs: this.elapsed() } : { kind: 'notSent', cause };
    } finally {
      cancelTimer();
    }
  }

  // axios calls this in place of http.request.
  private open(options: https.RequestOptions & GatedOptions, onResponse: (response: http.IncomingMessage) => void) {
    let opening: Duplex | undefined;
    options[CONNECTING] = (socket) => (opening = socket);
    const request = (this.url.protocol === 'https:' ? https : http).request(options, onResponse);
    // Runs before anything is written to the socket, fresh or reused: the last moment to hold the bytes back.
    request.once('socket', () => {
      if (this.isTooLate()) this.stop(TOO_LATE);
      else this.handedOver = true;
    });
    // Node would let a socket that nobody waits for any more go on connecting.
    this.abort.signal.addEventListener('abort', () => {
      if (!this.handedOver) opening?.destroy();
    });
    return request;
  }

  private stop(cause: string): void {
    this.stopped ??= cause;
    this.abort.abort();
  }

  private isTooLate(): boolean {
    return this.request.sendBefore !== undefined && this.options.clock.now() >= this.request.sendBefore;
  }

  private elapsed(): number {
    return this.options.clock.now() - this.startedAt;
  }
}

const TOO_LATE = 'the time to send had passed';

function readUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  // Credentials in a URL would end up in logs; no provider wants them there.
  const usable = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return usable ? url : undefined;
}

function toHeaders(request: HttpRequest): Record<string, string> {
  return {
    accept: 'application/json',
    'user-agent': 'Malipo',
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...lowerCased(request.headers ?? {}),
  };
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function toResponse(response: AxiosResponse<Buffer>, durationMs: number): HttpExchange {
  const text = new TextDecoder('utf-8').decode(response.data); // Broken bytes become U+FFFD, a byte order mark goes.
  return {
    kind: 'response',
    status: response.status,
    headers: toPlainHeaders(response.headers),
    text,
    body: parseJson(text),
    durationMs,
  };
}

function toPlainHeaders(headers: AxiosResponse['headers']): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null)
      plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
  }
  return plain;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Words for what people look for in a log. The messages of these errors carry addresses, so they are left out.
const FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name not resolved',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  ERR_BAD_RESPONSE: 'answer broken off or too large',
};

function describeFault(error: unknown): string {
  const code = findCode(error);
  if (code === undefined) return 'unexpected fault';
  return `${FAULTS[code] ?? 'connection fault'} (${code})`;
}

function findCode(error: unknown): string | undefined {
  for (const candidate of isAxiosError(error) ? [error, error.cause] : [error]) {
    const code = candidate instanceof Error && 'code' in candidate ? candidate.code : undefined;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code)) return code;
  }
  return undefined;
}
