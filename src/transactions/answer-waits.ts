import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { In } from 'typeorm';
import type { Scheduler } from '#libs/primitives';
import type { NextAction } from '#libs/provider-kit';
import { SCHEDULER } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { TransactionNews } from './transaction-news.js';
import { Transaction } from './transaction.entity.js';
import { isFinal } from './transaction-states.js';

/** Clients that may wait in one process at once. A further one is answered without waiting. */
export const MOST_WAITING = 1_000;

/** How often the database is asked about all that are waited for: another process may have brought them to their end. */
const POLL_MS = 1_000;

/** How a wait may end before the transaction does. */
export interface WaitLimits {
  readonly waitMs: number;
  /** The client is gone: nobody waits any more. */
  readonly hangUp: AbortSignal;
}

/** Whether the client has a part in what comes next: then a wait would only keep him from it. A phone rings without him. */
const IS_CLIENTS_TURN: Readonly<Record<NextAction['type'], boolean>> = {
  redirect: true,
  enter_otp: true,
  approve_on_phone: false,
};

/**
 * Lets requests wait until a transaction is final, or until the client must act for it to go on. The process that brings it
 * there tells at once; of others we hear by one query a second for all that wait here.
 */
@Injectable()
export class AnswerWaits implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('Transactions');
  private readonly waiting = new Map<string, Set<() => void>>();
  private count = 0;
  private stopped = false;
  private unfollow: () => void = () => undefined;
  private cancelPoll: (() => void) | undefined;

  constructor(
    private readonly database: Database,
    private readonly news: TransactionNews,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {}

  onModuleInit(): void {
    this.unfollow = this.news.follow(({ transaction }) => {
      if (isWorthAnswering(transaction)) this.end(transaction.id);
    });
  }

  /** A process that stops answers all who wait, with what is known by then. */
  onModuleDestroy(): void {
    this.stopped = true;
    this.unfollow();
    for (const id of [...this.waiting.keys()]) this.end(id);
  }

  /** How many wait now. */
  get size(): number {
    return this.count;
  }

  /** Resolves when the answer is worth giving or a limit is reached. False where there was no place to wait. */
  async until(transactionId: string, { waitMs, hangUp }: WaitLimits): Promise<boolean> {
    if (waitMs <= 0) return true;
    if (this.stopped || hangUp.aborted || this.count >= MOST_WAITING) return false;
    // Listening begins before looking, so that an end in between is not missed.
    const { ended, end } = this.join(transactionId);
    const cancelTimer = this.scheduler.after(waitMs, end);
    hangUp.addEventListener('abort', end, { once: true });
    try {
      await this.look([transactionId]);
      await ended;
      return true;
    } finally {
      end();
      cancelTimer();
      hangUp.removeEventListener('abort', end);
    }
  }

  private join(id: string): { readonly ended: Promise<void>; readonly end: () => void } {
    const others = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, others);
    let resolve: () => void = () => undefined;
    const ended = new Promise<void>((fulfil) => (resolve = fulfil));
    const end = (): void => {
      if (!others.delete(end)) return;
      this.count--;
      if (others.size === 0) this.waiting.delete(id);
      if (this.count === 0) this.stopPolling();
      resolve();
    };
    others.add(end);
    this.count++;
    this.cancelPoll ??= this.scheduler.after(POLL_MS, () => void this.poll());
    return { ended, end };
  }

  private end(id: string): void {
    for (const end of [...(this.waiting.get(id) ?? [])]) end();
  }

  private stopPolling(): void {
    this.cancelPoll?.();
    this.cancelPoll = undefined;
  }

  private async poll(): Promise<void> {
    try {
      await this.look([...this.waiting.keys()]);
    } catch (error) {
      this.logger.warn({ err: error }, 'Could not look for the end of transactions; trying again in a second.');
    }
    this.stopPolling();
    if (this.count > 0) this.cancelPoll = this.scheduler.after(POLL_MS, () => void this.poll());
  }

  private async look(ids: readonly string[]): Promise<void> {
    const rows = await this.database.read.find(Transaction, {
      select: { id: true, status: true, nextAction: true },
      where: { id: In([...ids]) },
    });
    for (const row of rows) if (isWorthAnswering(row)) this.end(row.id);
  }
}

function isWorthAnswering({ status, nextAction }: Pick<Transaction, 'status' | 'nextAction'>): boolean {
  return isFinal(status) || (nextAction !== null && IS_CLIENTS_TURN[nextAction.type]);
}
