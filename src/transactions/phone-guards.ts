import { Inject, Injectable } from '@nestjs/common';
import { In, LessThanOrEqual, MoreThanOrEqual } from 'typeorm';
import type { Clock } from '#libs/primitives';
import type { Mode, PhoneGuardFacts } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import type { BatchTx } from '../database/batch-tx.js';
import { isDuplicate } from '../database/database-errors.js';
import { rowsWith, type LookUp } from '../database/statements.js';
import type { Tx } from '../database/tx.js';
import { retryLater, type Problem } from '../http/problem.js';
import { findDefinition } from '../providers/registry.js';
import { hashOf } from '../secrets/hash.js';
import { PhoneGuard, type PhoneGuardKind } from './phone-guard.entity.js';
import type { Transaction } from './transaction.entity.js';

/** A place that a transaction wants on a phone. */
export interface GuardClaim {
  readonly guardHash: string;
  readonly kind: PhoneGuardKind;
  /** Others are refused before this instant; null where the guard is only looked at. */
  readonly until: number | null;
}

/** Who holds a guard, and until when it refuses others. */
export type GuardState = Pick<PhoneGuard, 'guardHash' | 'transactionId' | 'until'>;

interface PhonePlace {
  readonly mode: Mode;
  readonly provider: string;
  readonly phone: string;
}

/** Raised where another writer took a guard between our look and our claim: look again. */
export class GuardRaceError extends Error {}

/**
 * What networks allow for one phone: one open prompt, no repetition of an amount, no prompts for a line that ignores
 * them. Kept over all merchants of a mode, and told to nobody whose transaction it was.
 */
@Injectable()
export class PhoneGuards {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** What a new transaction must claim, by the facts of the provider it would go to. */
  toClaims(transaction: Transaction, facts: PhoneGuardFacts | null, promptLifeMs: number | null): GuardClaim[] {
    if (!facts || transaction.provider === null) return [];
    const place = { mode: transaction.mode, provider: transaction.provider, phone: transaction.phone };
    const claims: GuardClaim[] = [];
    if (facts.unfinishedPrompts)
      claims.push({ guardHash: toHash('unfinished', place), kind: 'unfinished', until: null });
    if (facts.onePromptAtATime) {
      // It may be sent until it expires, and the prompt lives on after that.
      claims.push({
        guardHash: toHash('open_prompt', place),
        kind: 'open_prompt',
        until: transaction.expiresAt + (promptLifeMs ?? 0),
      });
    }
    if (facts.repeatAmountMs !== null) {
      const guardHash = toHash('repeat_amount', place, transaction.amountMinor);
      claims.push({ guardHash, kind: 'repeat_amount', until: transaction.createdAt + facts.repeatAmountMs });
    }
    return claims;
  }

  /** What a batch looks up before it can claim. */
  toLookUp(claims: readonly GuardClaim[]): LookUp<GuardState> {
    const hashes = claims.map((claim) => claim.guardHash);
    return rowsWith(PhoneGuard, 'guardHash', hashes, ['guardHash', 'transactionId', 'until']);
  }

  /** Why the claims cannot be had now, or undefined. */
  findRefusal(claims: readonly GuardClaim[], known: ReadonlyMap<string, GuardState>): Problem | undefined {
    const now = this.clock.now();
    for (const claim of claims) {
      const guard = known.get(claim.guardHash);
      if (guard && guard.until > now) return toProblem(claim.kind, guard.until - now);
    }
    return undefined;
  }

  /** Takes the claims for a transaction. The batch fails by a duplicate key or a GuardRaceError where somebody was faster. */
  async claim(
    batch: BatchTx,
    requests: readonly { readonly transactionId: string; readonly claims: readonly GuardClaim[] }[],
    known: ReadonlyMap<string, GuardState>,
  ): Promise<void> {
    const fresh: PhoneGuard[] = [];
    for (const { transactionId, claims } of requests) {
      for (const { guardHash, kind, until } of claims) {
        if (until === null) continue;
        const guard = known.get(guardHash);
        if (!guard) {
          fresh.push({ guardHash, kind, transactionId, until, count: 0 });
          continue;
        }
        const asSeen = { guardHash, transactionId: guard.transactionId, until: guard.until };
        batch.updateOne(PhoneGuard, { changes: { transactionId, until }, where: asSeen }, () => new GuardRaceError());
      }
    }
    await batch.insert(PhoneGuard, fresh);
  }

  /** It was sent, at the latest now: the line is held for as long as a prompt lives, and no longer. */
  async holdForPrompt(tx: Tx, transaction: Transaction): Promise<void> {
    const facts = this.findFacts(transaction);
    const place = findPlace(transaction);
    if (!facts?.guards.onePromptAtATime || !place) return;
    const guardHash = toHash('open_prompt', place);
    const until = this.clock.now() + facts.promptLifeMs;
    await tx.manager.update(PhoneGuard, { guardHash, transactionId: transaction.id }, { until });
  }

  /** The transaction ended: the line is free, and whether the customer answered is remembered. */
  async release(tx: Tx, transaction: Transaction): Promise<void> {
    const facts = this.findFacts(transaction);
    const place = findPlace(transaction);
    if (!facts || !place) return;
    const now = this.clock.now();
    const hashes = [toHash('open_prompt', place)];
    // Nothing was ever sent, so the network has no amount to remember.
    if (transaction.firstSentAt === null) hashes.push(toHash('repeat_amount', place, transaction.amountMinor));
    await tx.manager.update(PhoneGuard, { guardHash: In(hashes), transactionId: transaction.id }, { until: now });
    if (facts.guards.unfinishedPrompts)
      await this.countUnfinished(tx, transaction, place, facts.guards.unfinishedPrompts);
  }

  // What needs a PIN ends the row of ignored prompts; a cancellation (it may be a time-out) or a refusal leaves it as it is.
  private async countUnfinished(
    tx: Tx,
    transaction: Transaction,
    place: PhonePlace,
    rule: { readonly count: number; readonly blockMs: number },
  ): Promise<void> {
    if (transaction.firstSentAt === null) return;
    const guardHash = toHash('unfinished', place);
    if (wasAnswered(transaction)) await tx.manager.update(PhoneGuard, { guardHash }, { count: 0, until: 0 });
    if (transaction.status !== 'expired') return;
    await this.addUnfinished(tx, guardHash, transaction.id);
    const blocked = { count: 0, until: this.clock.now() + rule.blockMs };
    await tx.manager.update(PhoneGuard, { guardHash, count: MoreThanOrEqual(rule.count) }, blocked);
  }

  // Counted by the database, so that two at once are two. A row that appears meanwhile is counted up after all.
  private async addUnfinished(tx: Tx, guardHash: string, transactionId: string): Promise<void> {
    const countUp = () => tx.manager.update(PhoneGuard, { guardHash }, { transactionId, count: () => 'count + 1' });
    if ((await countUp()).affected === 1) return;
    try {
      await tx.insert(PhoneGuard, [{ guardHash, kind: 'unfinished', transactionId, until: 0, count: 1 }]);
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      await countUp();
    }
  }

  /** Forgets guards that refuse nobody any more. Answers how many. */
  async sweep(tx: Tx): Promise<number> {
    const { affected } = await tx.manager.delete(PhoneGuard, { until: LessThanOrEqual(this.clock.now()), count: 0 });
    return affected ?? 0;
  }

  private findFacts(transaction: Transaction): { guards: PhoneGuardFacts; promptLifeMs: number } | undefined {
    if (transaction.kind !== 'collection' || transaction.provider === null) return undefined;
    const operation = findDefinition(transaction.provider)?.operations.collections;
    return operation?.phoneGuards
      ? { guards: operation.phoneGuards, promptLifeMs: operation.promptLifeMs ?? 0 }
      : undefined;
  }
}

// The customer typed a PIN, right or wrong, or the network could only say this after one.
const AFTER_A_PIN: readonly string[] = ['wrong_pin', 'insufficient_funds', 'limit_exceeded', 'account_blocked'];

function wasAnswered({ status, failure }: Transaction): boolean {
  return status === 'succeeded' || (status === 'failed' && AFTER_A_PIN.includes(failure?.code ?? ''));
}

function findPlace({ mode, provider, phone }: Transaction): PhonePlace | undefined {
  return provider === null ? undefined : { mode, provider, phone };
}

function toHash(kind: PhoneGuardKind, { mode, provider, phone }: PhonePlace, amountMinor: bigint = 0n): string {
  return hashOf('phone guard', kind, mode, provider, phone, amountMinor);
}

function toProblem(kind: PhoneGuardKind, waitMs: number): Problem {
  switch (kind) {
    case 'open_prompt':
      return retryLater(
        'phone_busy',
        'Another payment prompt may be open on this phone. Wait until it is answered or has run out.',
        waitMs,
      );
    case 'repeat_amount':
      return retryLater(
        'repeat_amount_too_soon',
        'The network refuses the same amount from the same phone within two minutes.',
        waitMs,
      );
    case 'unfinished':
      return retryLater(
        'phone_blocked',
        'Too many prompts in a row were left unanswered on this phone; the network blocks the line for a day.',
        waitMs,
      );
  }
}
