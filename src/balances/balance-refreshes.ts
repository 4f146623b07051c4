import { Inject, Injectable } from '@nestjs/common';
import { In, LessThan, type FindOptionsWhere } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import type { BalanceAnswer, BalanceInquiry } from '#libs/provider-kit';
import { CallbackToken } from '../callbacks/callback-token.entity.js';
import { CallbackTokens } from '../callbacks/callback-tokens.js';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { BalanceBook } from './balance-book.js';
import { BalanceQuestion } from './balance-question.entity.js';
import { ProviderBalance } from './provider-balance.entity.js';

/** An answer that comes by callback comes "normally within minutes" (M-Pesa); after this time it is asked for again. */
export const ANSWER_PATIENCE_MS = 2 * 60_000;

/** After silence, or an answer that we cannot use. */
export const RETRY_MS = 30_000;

// Late answers are still taken; after this time nobody answers any more.
const QUESTIONS_KEPT_MS = 24 * 60 * 60_000;
const FORGOTTEN_AT_ONCE = 200;

/** The steps of finding out how much is in an account. Each is a conditional update: of two at once, one goes on. */
@Injectable()
export class BalanceRefreshes {
  constructor(
    private readonly database: Database,
    private readonly tokens: CallbackTokens,
    private readonly jobs: Jobs,
    private readonly book: BalanceBook,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async find(providerAccountId: string): Promise<ProviderBalance | undefined> {
    return (await this.database.read.findOne(ProviderBalance, { where: { providerAccountId } })) ?? undefined;
  }

  /** Begins a refresh, and the job that carries it out. One that is under way goes on instead. */
  async begin(account: ProviderAccount): Promise<void> {
    const now = this.clock.now();
    const begun = {
      refresh: 'in_progress',
      ...{ startedAt: now, finishedAt: null, questions: 0, nextAskAt: now, trouble: null },
    } as const;
    await this.database.write(async (tx) => {
      const restarted = await this.change(tx, account.id, { refresh: In(['succeeded', 'failed']) }, begun);
      if (!restarted) await this.add(tx, account, begun);
      await this.jobs.ensure(tx, { kind: 'refresh_balance', subjectId: account.id, runAt: now });
    });
  }

  /** Stores the question, asks it, and stores what came of that. Nothing happens where somebody else has just asked. */
  async ask(account: ProviderAccount, before: ProviderBalance, inquiry: BalanceInquiry): Promise<void> {
    const askedAt = this.clock.now();
    const question: BalanceQuestion = {
      id: this.ids.next('bqn'),
      providerAccountId: account.id,
      askedAt,
      providerIds: null,
    };
    const callbackUrls = await this.database.write(async (tx) => {
      const { questions } = before;
      const next = { questions: questions + 1, nextAskAt: askedAt + ANSWER_PATIENCE_MS };
      if (!(await this.change(tx, account.id, { refresh: 'in_progress', questions }, next))) return undefined;
      await this.forgetOld(tx, account.id);
      await tx.insert(BalanceQuestion, [question]);
      return this.tokens.issueForBalance(tx, account, question.id, inquiry.callbackPurposes);
    });
    if (callbackUrls) await this.conclude(account, question, await inquiry.read(callbackUrls));
  }

  /** Nobody answered, and we stop asking. What is known stays, with its age. */
  async fail(providerAccountId: string, trouble: string): Promise<void> {
    const finishedAt = this.clock.now();
    await this.database.write((tx) =>
      this.change(tx, providerAccountId, { refresh: 'in_progress' }, { refresh: 'failed', finishedAt, trouble }),
    );
  }

  private async conclude(account: ProviderAccount, question: BalanceQuestion, answer: BalanceAnswer): Promise<void> {
    const { id, askedAt } = question;
    await this.database.write(async (tx) => {
      switch (answer.kind) {
        case 'balances':
          await this.book.store(tx, account, askedAt, answer.balances);
          return;
        case 'asked':
          await tx.manager.update(BalanceQuestion, { id }, { providerIds: answer.references ?? null });
          return;
        case 'unknown':
          await this.noteTrouble(tx, question, answer.cause);
      }
    });
  }

  /** The question has no answer that we can use: it is asked again soon. In the caller's transaction. */
  async noteTrouble(tx: Tx, { providerAccountId }: BalanceQuestion, cause: string): Promise<void> {
    const nextAskAt = this.clock.now() + RETRY_MS;
    const trouble = cause.slice(0, 255);
    await this.change(tx, providerAccountId, { refresh: 'in_progress' }, { nextAskAt, trouble });
    await this.jobs.ensure(tx, { kind: 'refresh_balance', subjectId: providerAccountId, runAt: nextAskAt });
  }

  private async add(
    tx: Tx,
    { id: providerAccountId, merchantId, mode }: ProviderAccount,
    begun: Pick<ProviderBalance, 'refresh' | 'startedAt' | 'finishedAt' | 'questions' | 'nextAskAt' | 'trouble'>,
  ): Promise<void> {
    const nothing = { balances: null, asOf: null, answersFrom: null, belowLimit: null };
    try {
      await tx.insert(ProviderBalance, [{ providerAccountId, merchantId, mode, ...nothing, ...begun }]);
    } catch (error) {
      // One is under way.
      if (!isDuplicate(error)) throw error;
    }
  }

  private async change(
    tx: Tx,
    providerAccountId: string,
    where: FindOptionsWhere<ProviderBalance>,
    changes: Partial<ProviderBalance>,
  ): Promise<boolean> {
    const { affected } = await tx.manager.update(ProviderBalance, { ...where, providerAccountId }, changes);
    return affected === 1;
  }

  /** Old questions and their paths: an account that is watched asks about a hundred times a day. */
  private async forgetOld(tx: Tx, providerAccountId: string): Promise<void> {
    const old = await tx.manager.find(BalanceQuestion, {
      where: { providerAccountId, askedAt: LessThan(this.clock.now() - QUESTIONS_KEPT_MS) },
      select: { id: true },
      take: FORGOTTEN_AT_ONCE,
    });
    if (old.length === 0) return;
    const ids = old.map(({ id }) => id);
    await tx.manager.delete(CallbackToken, { balanceQuestionId: In(ids) });
    await tx.manager.delete(BalanceQuestion, { id: In(ids) });
  }
}
