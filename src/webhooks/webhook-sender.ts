import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, buildConnector, errors, request, type Dispatcher } from 'undici';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { Metrics } from '../metrics/metrics.js';
import { readStart } from './answer-start.js';
import { KeptSockets } from './kept-sockets.js';

/** One attempt lasts no longer: finding, connecting, sending, and reading the answer. */
export const ATTEMPT_TIMEOUT_MS = 15_000;

const IDLE_SOCKET_MS = 30_000;

/** A signed message on its way. */
export interface OutgoingMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of an attempt. */
export interface SendResult {
  /** Epoch ms at which it began. */
  readonly at: number;
  /** Null where no answer came. */
  readonly statusCode: number | null;
  /** The start of the answer, or why there was none. */
  readonly answer: string;
  readonly durationMs: number;
  readonly retryAfter: string | undefined;
}

function toOutcome({ statusCode }: SendResult): 'delivered' | 'refused' | 'silent' {
  if (statusCode === null) return 'silent';
  return statusCode >= 200 && statusCode < 300 ? 'delivered' : 'refused';
}

class DeadlineError extends Error {}

/**
 * Sends messages to addresses that merchants chose, each connection through the egress guard. It never throws, follows
 * no redirect, and takes no proxy from the environment.
 */
@Injectable()
export class WebhookSender implements OnApplicationShutdown {
  private readonly kept = new KeptSockets();
  private readonly pooled: Agent;
  private readonly fresh: Agent;

  constructor(
    private readonly guard: EgressGuard,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    private readonly metrics: Metrics,
  ) {
    const connect = this.createConnector();
    // The deadline of the whole attempt is ours; undici's own for headers and body would only blur it.
    const options = { connect, headersTimeout: 0, bodyTimeout: 0 };
    this.pooled = new Agent({ ...options, keepAliveTimeout: IDLE_SOCKET_MS, keepAliveMaxTimeout: IDLE_SOCKET_MS });
    this.fresh = new Agent({ ...options, pipelining: 0 });
  }

  /** A 2xx in the status line is what counts, whatever becomes of the answer's body. */
  async send(message: OutgoingMessage): Promise<SendResult> {
    const startedAt = performance.now();
    const result = await this.attempt(message);
    this.metrics.webhookAttempts.observe({ outcome: toOutcome(result) }, (performance.now() - startedAt) / 1_000);
    return result;
  }

  private async attempt(message: OutgoingMessage): Promise<SendResult> {
    const at = this.clock.now();
    const toResult = (statusCode: number | null, answer: string, retryAfter?: string): SendResult => ({
      at,
      statusCode,
      answer,
      durationMs: this.clock.now() - at,
      retryAfter,
    });
    const refusal = this.guard.assertUrl(message.url);
    if (refusal !== undefined) return toResult(null, `Not sent: ${refusal}.`);
    const deadline = new AbortController();
    const cancel = this.scheduler.after(ATTEMPT_TIMEOUT_MS, () => deadline.abort(new DeadlineError()));
    try {
      const { statusCode, headers, body } = await unlessAborted(
        this.exchange(message, deadline.signal),
        deadline.signal,
      );
      return toResult(statusCode, await readStart(body), [headers['retry-after']].flat()[0]);
    } catch (error) {
      return toResult(null, explain(error));
    } finally {
      cancel();
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.kept.close();
    await Promise.all([this.pooled.destroy(), this.fresh.destroy()]);
  }

  /** One request; on a kept socket that proves dead, one more on a new socket at once. The message's id is the same. */
  private async exchange(message: OutgoingMessage, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { url, headers, body } = message;
    const options = { method: 'POST', headers, body, signal } as const;
    try {
      return await request(url, { ...options, dispatcher: this.pooled });
    } catch (error) {
      if (signal.aborted || !this.kept.hasFailed(error)) throw error;
      return await request(url, { ...options, dispatcher: this.fresh });
    }
  }

  private createConnector(): buildConnector.connector {
    const connect = buildConnector({ lookup: this.guard.lookup, timeout: ATTEMPT_TIMEOUT_MS });
    return (options, callback) => {
      connect(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
        if (error) return callback(error, null);
        this.kept.watch(socket);
        callback(null, socket);
      });
    };
  }
}

// undici looks at the signal only once it is connected; a connection that hangs must not outlast the deadline.
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DeadlineError()), { once: true });
    work.then(resolve, reject);
  });
}

// By code, in words of ours: a system's own text can carry addresses of the network we stand in.
const EXPLANATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The connection was refused.',
  ECONNRESET: 'The connection was reset before an answer came.',
  EPIPE: 'The connection was closed before an answer came.',
  UND_ERR_SOCKET: 'The connection was closed before an answer came.',
  ENOTFOUND: 'The name of the host does not resolve.',
  EAI_AGAIN: 'The name of the host could not be resolved for the moment.',
  EFORBIDDENADDRESS: 'Not sent: the name leads to a private, loopback or reserved address.',
  EHOSTUNREACH: 'The host cannot be reached.',
  ENETUNREACH: 'The network of the host cannot be reached.',
  ETIMEDOUT: 'The host did not take the connection in time.',
  UND_ERR_CONNECT_TIMEOUT: 'The host did not take the connection in time.',
  UND_ERR_HEADERS_OVERFLOW: 'The headers of the answer are larger than we read.',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'The answer contradicts itself about its length.',
  CERT_HAS_EXPIRED: 'The certificate of the host has expired.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate of the host is signed by itself.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate of the host is signed by itself.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The host does not send the certificates between its own and a known authority.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the host is for another name.',
};

function explain(error: unknown): string {
  if (error instanceof DeadlineError) return `No answer came within ${String(ATTEMPT_TIMEOUT_MS / 1_000)} seconds.`;
  if (error instanceof errors.HTTPParserError) return 'The answer is no HTTP.';
  // undici takes no 100 that was not asked for, and no 101.
  if (error instanceof errors.SocketError && /^bad /.test(error.message))
    return 'The answer is none to a POST (100 or 101).';
  const code = findCode(error);
  return EXPLANATIONS[code] ?? `The request failed (${code}).`;
}

function findCode(error: unknown): string {
  // Several addresses tried in turn fail together; the first says enough.
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown';
}
