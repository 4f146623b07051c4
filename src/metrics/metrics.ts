import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CommitWriter } from '../database/commit-watch.js';

// No label may name a merchant, a key or a phone: their number is not bounded, and whoever reads metrics is not their owner.
const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];
const SLOW = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60];

/** What the gateway counts and times. Features note what happened; `GET /metrics` shows it. */
@Injectable()
export class Metrics {
  /** One for each gateway: tests run several in one process. */
  readonly registry = new Registry();

  readonly accepted = new Counter({
    name: 'malipo_transactions_accepted_total',
    help: 'Transactions stored durably, by kind, method and mode.',
    labelNames: ['kind', 'method', 'mode'] as const,
    registers: [this.registry],
  });

  readonly final = new Counter({
    name: 'malipo_transactions_final_total',
    help: 'Transactions that became final, by kind, status, provider and mode. A late success counts again.',
    labelNames: ['kind', 'status', 'provider', 'mode'] as const,
    registers: [this.registry],
  });

  readonly open = new Gauge({
    name: 'malipo_transactions_open',
    help: 'Transactions that are not final now, by status. In doubt are unconfirmed and review. The whole gateway.',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });

  readonly jobsDue = new Gauge({
    name: 'malipo_jobs_due',
    help: 'Jobs that are due and that nobody works on, by kind. The whole gateway.',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });

  readonly jobLag = new Gauge({
    name: 'malipo_job_lag_seconds',
    help: 'For how long the oldest due job of a kind has been waiting. The whole gateway.',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  });

  readonly providerCalls = new Histogram({
    name: 'malipo_provider_call_duration_seconds',
    help: 'Calls to providers, by provider, operation and what came of them.',
    labelNames: ['provider', 'operation', 'outcome'] as const,
    buckets: SLOW,
    registers: [this.registry],
  });

  readonly openCircuits = new Gauge({
    name: 'malipo_provider_circuits_open',
    help: 'Provider accounts to which nothing is sent now because the provider does not serve them. The whole gateway.',
    labelNames: ['provider', 'operation', 'mode'] as const,
    registers: [this.registry],
  });

  readonly webhookAttempts = new Histogram({
    name: 'malipo_webhook_attempt_duration_seconds',
    help: 'Attempts to deliver webhooks: delivered (2xx), refused (any other status), or silent.',
    labelNames: ['outcome'] as const,
    buckets: SLOW,
    registers: [this.registry],
  });

  readonly requests = new Histogram({
    name: 'malipo_http_request_duration_seconds',
    help: 'Requests, by method, route and status. A client that hung up counts as 499.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: FAST,
    registers: [this.registry],
  });

  readonly unmatchedCallbacks = new Counter({
    name: 'malipo_callbacks_unmatched_total',
    help: 'Genuine messages of providers about nothing that we sent, as far as anybody could tell. They are kept.',
    registers: [this.registry],
  });

  readonly strayCallbacks = new Counter({
    name: 'malipo_callbacks_stray_total',
    help: 'Messages on callback paths that nobody was given, or that have ended. A few are kept for three days.',
    registers: [this.registry],
  });

  readonly waiting = new Gauge({
    name: 'malipo_waiting_clients',
    help: 'Clients of this process that wait for a transaction to become final (Prefer: wait).',
    registers: [this.registry],
  });

  readonly sockets = new Gauge({
    name: 'malipo_realtime_sockets',
    help: 'WebSockets that are open in this process.',
    registers: [this.registry],
  });

  readonly droppedSockets = new Counter({
    name: 'malipo_realtime_dropped_total',
    help: 'WebSockets that this process ended: slow, silent, idle, abusive, ended (its key or merchant), failed, or stopping.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });

  private readonly commitSizes = new Histogram({
    name: 'malipo_commit_size',
    help: 'What shared one commit: requests (accept), transactions (sqlite), or one transaction (server).',
    labelNames: ['writer'] as const,
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  });

  readonly unreadable = new Counter({
    name: 'malipo_metrics_unreadable_total',
    help: 'How often the database could not be asked for the figures that come from it; they are missing then.',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  noteCommit(writer: CommitWriter, size: number): void {
    this.commitSizes.observe({ writer }, size);
  }
}
