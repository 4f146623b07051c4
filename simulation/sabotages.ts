import type { Scheduler } from '#libs/primitives';
import type { MoneyMovement, Provider, RawCallback } from '#libs/provider-kit';
import { SCHEDULER } from '../src/config/config.module.js';
import { Database } from '../src/database/database.js';
import type { Tx } from '../src/database/tx.js';
import { Jobs } from '../src/jobs/jobs.js';
import { ProviderConnections } from '../src/providers/connections.js';
import { Routes } from '../src/transactions/routes.js';
import { TransactionLifecycle } from '../src/transactions/transaction-lifecycle.js';
import { WebhookFanout } from '../src/webhooks/webhook-fanout.js';
import type { Sabotage } from './gateway-process.js';

/** Puts something between the engine and each connected provider. */
function betweenProvider(change: (provider: Provider) => Provider): Sabotage {
  return (gateway) => {
    const connections = gateway.get(ProviderConnections);
    const connect = connections.connect.bind(connections);
    connections.connect = (account) => change(connect(account));
  };
}

/**
 * Engines that break a promise each, as careless ones do. The simulation must see every one of them, or it proves
 * nothing. They change a running process from outside; no code of the gateway knows of them.
 */
export const SABOTAGES = {
  /** A time-out is taken for a refusal. */
  silenceIsRefusal: betweenProvider((provider) => {
    const refuses = (movement: MoneyMovement): MoneyMovement => ({
      ...movement,
      submit: async (instruction) => {
        const outcome = await movement.submit(instruction);
        return outcome.kind === 'unknown' ? { kind: 'rejected', reason: 'provider_unavailable' } : outcome;
      },
    });
    const { collections, payouts } = provider;
    return {
      ...provider,
      ...(collections && { collections: refuses(collections) }),
      ...(payouts && { payouts: refuses(payouts) }),
    };
  }),

  /** A notice that a payout expired in the queue is taken for its end. */
  noticeIsFailure: betweenProvider((provider) => {
    const { callbacks } = provider;
    if (!callbacks) return provider;
    const isNotice = ({ purpose }: RawCallback): boolean => purpose === 'payout_timeout';
    return {
      ...provider,
      callbacks: {
        ...callbacks,
        authenticate: (raw) => (isNotice(raw) ? 'signed' : callbacks.authenticate(raw)),
        parse: (raw) => {
          const message = callbacks.parse(raw);
          const report = { kind: 'failed', reason: 'provider_unavailable' } as const;
          return message && isNotice(raw) ? { ...message, report } : message;
        },
      },
    };
  }),

  /** What may have been sent is sent again. */
  resendsOnSilence: (gateway) => {
    const lifecycle = gateway.get(TransactionLifecycle);
    const report = lifecycle.report.bind(lifecycle);
    lifecycle.report = (given) =>
      report(given.event === 'unknown' ? { ...given, event: 'deferred', changes: {} } : given);
  },

  /** Whatever arrives on a callback path is believed. */
  believesCallbacks: betweenProvider((provider) => ({
    ...provider,
    callbacks: provider.callbacks && { ...provider.callbacks, authenticate: () => 'signed' },
  })),

  /** A refusal that a query reports too soon is final. */
  believesEarlyRefusals: (gateway) => {
    const routes = gateway.get(Routes);
    const ofAttempt = routes.ofAttempt.bind(routes);
    routes.ofAttempt = async (attempt, transaction) => {
      const route = await ofAttempt(attempt, transaction);
      return { ...route, operation: { ...route.operation, provisionalFailureMs: 0 } };
    };
  },

  /** Nobody asks what became of an instruction. */
  neverInquires: (gateway) => {
    const jobs = gateway.get(Jobs);
    const ensure = jobs.ensure.bind(jobs);
    jobs.ensure = (tx, job) => (job.kind === 'inquire' ? Promise.resolve() : ensure(tx, job));
  },

  /** Goes on, and sends, while what it stands on is still being committed. */
  goesOnBeforeCommit: (gateway) => {
    const database = gateway.get(Database);
    const scheduler = gateway.get<Scheduler>(SCHEDULER);
    const write = database.write.bind(database);
    database.write = <T>(work: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const slowly = async (tx: Tx): Promise<void> => {
          resolve(await work(tx));
          await new Promise<void>((commit) => scheduler.after(500, commit));
        };
        write(slowly).catch(reject);
      });
  },

  /** Merchants never hear that they were paid. */
  forgetsWebhooks: (gateway) => {
    const webhooks = gateway.get(WebhookFanout);
    const announce = webhooks.announce.bind(webhooks);
    webhooks.announce = (tx, events) =>
      announce(
        tx,
        events.filter(({ type }) => type?.endsWith('.succeeded') !== true),
      );
  },
} as const satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof SABOTAGES;
