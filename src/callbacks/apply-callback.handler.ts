import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { CallbackMessage, RawCallback } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import { Attempt } from '../transactions/attempt.entity.js';
import { Attempts } from '../transactions/attempts.js';
import { toStatusEvidence } from '../transactions/evidence-of.js';
import { Inquiries } from '../transactions/inquiries.js';
import { Routes } from '../transactions/routes.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import { TransactionReader } from '../transactions/transaction-reader.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { CallbackToken } from './callback-token.entity.js';
import { Callback, type CallbackTrustWord } from './callback.entity.js';
import { findMismatches } from './callback-match.js';

interface Letter {
  readonly callback: Callback;
  readonly attempt: Attempt;
  readonly transaction: Transaction;
}

/**
 * Makes sense of a stored callback. Signed and fitting: evidence. Unsigned: a hint, noted with the attempt, that makes us
 * ask the provider at once. Anything else is kept and moves nothing.
 */
@Injectable()
export class ApplyCallbackHandler implements JobHandler, OnModuleInit {
  readonly kind = 'apply_callback';

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionReader,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly inquiries: Inquiries,
    private readonly lifecycle: TransactionLifecycle,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(callbackId: string): Promise<JobResult> {
    const callback = await this.database.read.findOne(Callback, { where: { id: callbackId } });
    if (callback?.state !== 'received' || callback.attemptId === null) return DONE;
    const attempt = await this.attempts.get(callback.attemptId);
    const transaction = await this.transactions.find(attempt.transactionId);
    if (!transaction) return DONE;
    await this.apply({ callback, attempt, transaction });
    return DONE;
  }

  private async apply(letter: Letter): Promise<void> {
    const route = await this.routes.ofAttempt(letter.attempt, letter.transaction);
    const { callbacks } = this.routes.connect(route);
    const raw = await this.toRaw(letter.callback);
    const trust = callbacks?.authenticate(raw) ?? 'forged';
    const message = trust === 'forged' ? undefined : callbacks?.parse(raw);
    if (!message) return this.noteUnusable(letter, trust === 'forged' ? 'forged' : 'unreadable');
    const mismatches = findMismatches(message, letter.attempt, letter.transaction, callbacks?.account);
    if (trust === 'signed' && mismatches.length === 0) return this.settle(letter, message);
    return this.noteHint(letter, message, mismatches);
  }

  private async toRaw({ httpMethod, headers, body, sourceAddress, tokenHash }: Callback): Promise<RawCallback> {
    const token = await this.database.read.findOneOrFail(CallbackToken, { where: { tokenHash } });
    return { method: httpMethod, headers, body, sourceAddress, purpose: token.purpose };
  }

  /** Bytes on our secret path that we cannot use still mean that something happened: ask. */
  private async noteUnusable(
    { callback, attempt, transaction }: Letter,
    trust: 'forged' | 'unreadable',
  ): Promise<void> {
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      event: 'noted',
      evidence: { source: 'callback', says: 'unknown', trust, detail: `A callback came that is ${trust}.` },
      alongside: async (tx) => {
        await markApplied(tx, callback, trust, 'Kept; it moved nothing.');
        if (trust === 'unreadable') await this.askNow(tx, attempt);
      },
    });
  }

  private async settle({ callback, attempt }: Letter, message: CallbackMessage): Promise<void> {
    await this.database.write((tx) => this.attempts.bindReferences(tx, attempt, message.references));
    const reported = await this.inquiries.settle(attempt.id, message.report, 'callback');
    await this.database.write((tx) =>
      markApplied(
        tx,
        callback,
        'signed',
        `Evidence; the transaction is ${reported?.transaction.status ?? 'unchanged'}.`,
      ),
    );
  }

  private async noteHint(
    { callback, attempt, transaction }: Letter,
    message: CallbackMessage,
    mismatches: readonly string[],
  ): Promise<void> {
    const receipt = message.report.kind === 'succeeded' ? (message.report.receipt ?? null) : null;
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      event: 'noted',
      evidence: {
        ...toStatusEvidence('callback', message.report),
        trust: mismatches.length === 0 ? 'unsigned' : 'mismatch',
        ...(mismatches.length > 0 && { detail: `It does not fit: ${mismatches.join(', ')}.` }),
      },
      alongside: async (tx) => {
        // The answer to the submit may be lost: then this is where we learn what to ask by.
        const fits = mismatches.length === 0 && (await this.attempts.bindReferences(tx, attempt, message.references));
        await tx.manager.update(
          Attempt,
          { id: attempt.id },
          {
            hint: {
              callbackId: callback.id,
              says: message.report.kind,
              matches: fits,
              receipt,
              at: this.clock.now(),
            },
          },
        );
        await markApplied(tx, callback, fits ? 'unsigned' : 'mismatch', 'A hint; the provider is being asked.');
        await this.askNow(tx, attempt);
      },
    });
  }

  private askNow(tx: Tx, attempt: Attempt): Promise<void> {
    return this.jobs.ensure(tx, { kind: 'inquire', subjectId: attempt.id, runAt: this.clock.now() });
  }
}

async function markApplied(tx: Tx, callback: Callback, trust: CallbackTrustWord, outcome: string): Promise<void> {
  await tx.manager.update(Callback, { id: callback.id }, { state: 'applied', trust, outcome });
}
