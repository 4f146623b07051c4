import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, buildConnector, errors } from 'undici';
import type { Clock, Scheduler } from '#libs/primitives';
import { CLOCK, SCHEDULER } from '../config/config.module.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { Metrics } from '../metrics/metrics.js';
import { KeptSockets } from './kept-sockets.js';
import { WebhookExchange, type Answered, type Outgoing } from './webhook-exchange.js';

/** One attempt lasts no longer: finding, connecting, sending, and reading the answer. */
export const ATTEMPT_TIMEOUT_MS = 15_000;

const IDLE_SOCKET_MS = 30_000;

const REMEMBERED = 5_000;

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

/** Where an address leads, or why it must not be called. */
type Destination = Pick<Outgoing, 'origin' | 'path'> | { readonly refusal: string };

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
  /** The guard's word on an address follows from its text alone. What its name resolves to is judged at each connection. */
  private readonly destinations = new Map<string, Destination>();
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
    const destination = this.findDestination(message.url);
    if ('refusal' in destination) return toResult(null, `Not sent: ${destination.refusal}.`);
    const { headers, body } = message;
    try {
      const { statusCode, start, retryAfter } = await this.exchange({ ...destination, method: 'POST', headers, body });
      return toResult(statusCode, start, retryAfter);
    } catch (error) {
      return toResult(null, explain(error));
    }
  }

  async onApplicationShutdown(): Promise<void> {
    this.kept.close();
    await Promise.all([this.pooled.destroy(), this.fresh.destroy()]);
  }

  /** One request; on a kept socket that proves dead, one more on a new socket at once. The message's id is the same. */
  private async exchange(outgoing: Outgoing): Promise<Answered> {
    let exchange = new WebhookExchange();
    const cancel = this.scheduler.after(ATTEMPT_TIMEOUT_MS, () => exchange.stop(new DeadlineError()));
    try {
      return await exchange.send(this.pooled, outgoing);
    } catch (error) {
      if (error instanceof DeadlineError || !this.kept.hasFailed(error)) throw error;
      exchange = new WebhookExchange();
      return await exchange.send(this.fresh, outgoing);
    } finally {
      cancel();
    }
  }

  private findDestination(url: string): Destination {
    const known = this.destinations.get(url);
    if (known) return known;
    const refusal = this.guard.assertUrl(url);
    const destination = refusal === undefined ? toDestination(new URL(url)) : { refusal };
    if (this.destinations.size >= REMEMBERED) this.destinations.clear();
    this.destinations.set(url, destination);
    return destination;
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

function toDestination({ origin, pathname, search }: URL): Destination {
  return { origin, path: `${pathname}${search}` };
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
