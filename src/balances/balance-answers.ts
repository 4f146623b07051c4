import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { BalanceMessage, ProviderReferences, RawCallback } from '#libs/provider-kit';
import type { CallbackToken } from '../callbacks/callback-token.entity.js';
import { Callback, type CallbackTrustWord } from '../callbacks/callback.entity.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, DONE, type JobResult } from '../jobs/job-handler.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import { PROVIDER_REQUEST_TIMEOUT_MS } from '../providers/provider-ports.js';
import { BalanceBook } from './balance-book.js';
import { BalanceInquiries } from './balance-inquiries.js';
import { BalanceQuestion } from './balance-question.entity.js';
import { BalanceRefreshes } from './balance-refreshes.js';

// An answer can be faster than the acknowledgement that tells us the ids of the question.
const EARLY_RETRY_MS = 1_000;

/**
 * Applies messages on the paths that were made for a balance. Evidence is what comes there and names the question by an id
 * that the provider gave us for it; anything else is kept and changes nothing but that we ask again.
 */
@Injectable()
export class BalanceAnswers {
  constructor(
    private readonly database: Database,
    private readonly accounts: ProviderAccountsService,
    private readonly inquiries: BalanceInquiries,
    private readonly refreshes: BalanceRefreshes,
    private readonly book: BalanceBook,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** `token`: of the path on which the callback came. */
  async apply(callback: Callback, { purpose, balanceQuestionId }: CallbackToken): Promise<JobResult> {
    const question = await this.database.read.findOne(BalanceQuestion, { where: { id: balanceQuestionId ?? '' } });
    if (!question) return this.keep(callback, 'unsigned', 'Nobody waits for this answer any more.');
    const { httpMethod, headers, body, sourceAddress } = callback;
    const message = await this.read(question, { method: httpMethod, headers, body, sourceAddress, purpose });
    if (message === undefined) return this.noteUnusable(callback, question);
    if (message !== 'forged' && !namesQuestion(message, question.providerIds) && this.mayStillLearn(question))
      return again(this.clock.now() + EARLY_RETRY_MS);
    if (message === 'forged' || !namesQuestion(message, question.providerIds))
      return this.keep(callback, message === 'forged' ? 'forged' : 'unsigned', 'It names no question of ours.');
    return this.settle(callback, question, message);
  }

  private async read(
    { providerAccountId }: BalanceQuestion,
    raw: RawCallback,
  ): Promise<BalanceMessage | 'forged' | undefined> {
    const callbacks = this.inquiries.findCallbacks(await this.accounts.get(providerAccountId));
    if (callbacks?.authenticate(raw) === 'forged') return 'forged';
    return callbacks?.parseBalance?.(raw);
  }

  private mayStillLearn({ providerIds, askedAt }: BalanceQuestion): boolean {
    return providerIds === null && this.clock.now() < askedAt + PROVIDER_REQUEST_TIMEOUT_MS;
  }

  private async settle(callback: Callback, question: BalanceQuestion, { answer }: BalanceMessage): Promise<JobResult> {
    const account = await this.accounts.get(question.providerAccountId);
    await this.database.write(async (tx) => {
      if (answer.kind === 'unknown') {
        await this.refreshes.noteTrouble(tx, question, answer.cause);
        await tx.manager.update(Callback, { id: callback.id }, toApplied('path', 'It tells no balance; we ask again.'));
        return;
      }
      const stored = await this.book.store(tx, account, question.askedAt, answer.balances);
      const outcome = stored ? 'Evidence; the balance is stored.' : 'Evidence; a newer balance is known.';
      await tx.manager.update(Callback, { id: callback.id }, toApplied('path', outcome));
    });
    return DONE;
  }

  /** A notice that the question expired in the queue, or bytes that we cannot read: something happened, so ask again. */
  private async noteUnusable(callback: Callback, question: BalanceQuestion): Promise<JobResult> {
    await this.database.write(async (tx) => {
      await this.refreshes.noteTrouble(tx, question, 'the provider sent a message without a balance');
      await tx.manager.update(
        Callback,
        { id: callback.id },
        toApplied('unreadable', 'It tells no balance; we ask again.'),
      );
    });
    return DONE;
  }

  private async keep(callback: Callback, trust: CallbackTrustWord, outcome: string): Promise<JobResult> {
    await this.database.write((tx) => tx.manager.update(Callback, { id: callback.id }, toApplied(trust, outcome)));
    return DONE;
  }
}

function toApplied(trust: CallbackTrustWord, outcome: string) {
  return { state: 'applied', trust, outcome } as const;
}

function namesQuestion({ inquiry }: BalanceMessage, known: ProviderReferences | null): boolean {
  const ids = new Set(known === null ? [] : listIds(known));
  return listIds(inquiry).some((id) => ids.has(id));
}

function listIds({ providerReference, others = {} }: ProviderReferences): string[] {
  return [...(providerReference === undefined ? [] : [providerReference]), ...Object.values(others)];
}
