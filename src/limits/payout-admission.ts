import { Injectable } from '@nestjs/common';
import type { BatchTx } from '../database/batch-tx.js';
import { forUpdate, rowsWith, type LookUp } from '../database/statements.js';
import type { Problem } from '../http/problem.js';
import type { AdmissionDesk, Applicant, Verdict } from '../transactions/admission.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { findHold } from './approval-holds.js';
import { findExcess, toEffectiveCaps, toWindows, type Caps, type Window } from './caps.js';
import { knownAmong, toRecipientText } from './known-recipients.js';
import { limitExceeded, payoutsStopped } from './limit-problems.js';
import { LimitReservation, LimitUsage } from './limit-usage.entity.js';
import { PayoutControl, type ControlOwner } from './payout-control.entity.js';

/** What of a merchant's rules an admission looks at. */
export type Control = Pick<PayoutControl, 'merchantId' | 'mode' | 'limits' | 'maxima' | 'approvalRules' | 'stopped'>;

const CONTROL_PROPERTIES = ['merchantId', 'mode', 'limits', 'maxima', 'approvalRules', 'stopped'] as const;

/** What is known under the locks. */
interface Knowledge {
  readonly controls: ReadonlyMap<string, Control>;
  readonly recipients: ReadonlySet<string>;
  readonly count: UsageCount;
}

/**
 * Admits payouts: refuses them while they are stopped, judges caps, and holds for other people what the merchant's rules
 * hold. Judged in the order of arrival with the merchant's rules locked, so that any number of processes count as one. A
 * merchant without rules costs no round trip.
 */
@Injectable()
export class PayoutAdmission implements AdmissionDesk<Control> {
  toLookUp(merchantIds: readonly string[]): LookUp<Control> {
    return rowsWith(PayoutControl, 'merchantId', merchantIds, CONTROL_PROPERTIES);
  }

  /** Why money of this owner must not go out at all now, by what was looked up: the same switch stops refunds. */
  findStop(found: readonly Control[], owner: ControlOwner): Problem | undefined {
    const stopped = toControls(found).get(toOwnerText(owner))?.stopped;
    return stopped ? payoutsStopped(stopped) : undefined;
  }

  async admit(batch: BatchTx, applicants: readonly Applicant[], found: readonly Control[]): Promise<Verdict[]> {
    const unlocked = toControls(found);
    const bound = applicants.filter(({ transaction }) => unlocked.has(toOwnerText(transaction)));
    if (bound.length === 0) return applicants.map(({ transaction }) => ({ kind: 'admitted', transaction }));
    const knowledge = await this.findUnderLocks(batch, bound);
    const verdicts = applicants.map((applicant) => judge(applicant, knowledge));
    await knowledge.count.store(batch);
    return verdicts;
  }

  private async findUnderLocks(batch: BatchTx, bound: readonly Applicant[]): Promise<Knowledge> {
    const merchantIds = [...new Set(bound.map(({ transaction }) => transaction.merchantId))];
    const hashes = bound.flatMap(({ transaction, keyId }) => toWindows(transaction, keyId)).map(toHash);
    const phones = new Map(bound.map(({ transaction }) => [toRecipientText(transaction), transaction]));
    const [controls, usage, recipients] = await batch.findWithin(
      forUpdate(this.toLookUp(merchantIds)),
      rowsWith(LimitUsage, 'usageHash', [...new Set(hashes)], ['usageHash', 'usedMinor']),
      knownAmong([...phones.values()]),
    );
    return {
      controls: toControls(controls),
      recipients: new Set(recipients.map(toRecipientText)),
      count: new UsageCount(usage),
    };
  }
}

/** In this order: the switch, caps, and then whether other people must agree. What waits for them counts already. */
function judge({ transaction, keyId }: Applicant, { controls, recipients, count }: Knowledge): Verdict {
  const control = controls.get(toOwnerText(transaction));
  if (!control) return { kind: 'admitted', transaction };
  if (control.stopped) return { kind: 'refused', problem: payoutsStopped(control.stopped) };
  const { currency } = transaction;
  const caps = toEffectiveCaps(control.limits[currency], control.maxima[currency]);
  const excess = caps && count.take(caps, transaction, toWindows(transaction, keyId));
  if (excess) return { kind: 'refused', problem: limitExceeded(excess, currency) };
  const approvals = findHold(control.approvalRules, transaction, recipients.has(toRecipientText(transaction)));
  return { kind: 'admitted', transaction: approvals ? toHeld(transaction, approvals) : transaction };
}

function toHeld(transaction: Transaction, approvals: NonNullable<Transaction['approvals']>): Transaction {
  return { ...transaction, status: 'awaiting_approval', approvals };
}

/** What was used before this batch, and what the batch adds. */
class UsageCount {
  private readonly before: ReadonlyMap<string, bigint>;
  private readonly added = new Map<string, { readonly window: Window; readonly amountMinor: bigint }>();
  private readonly reservations: LimitReservation[] = [];

  constructor(known: readonly Pick<LimitUsage, 'usageHash' | 'usedMinor'>[]) {
    this.before = new Map(known.map(({ usageHash, usedMinor }) => [usageHash, usedMinor]));
  }

  /** Counts the payout where it fits; else answers which cap it would go over. */
  take(caps: Caps, { id, amountMinor }: Transaction, windows: readonly Window[]): ReturnType<typeof findExcess> {
    const excess = findExcess(caps, windows, { amountMinor, used: (usageHash) => this.getUsed(usageHash) });
    if (excess) return excess;
    for (const window of windows) {
      const { amountMinor: sum = 0n } = this.added.get(window.usageHash) ?? {};
      this.added.set(window.usageHash, { window, amountMinor: sum + amountMinor });
    }
    const endsAt = Math.max(...windows.map((window) => window.endsAt));
    this.reservations.push({ transactionId: id, usageHashes: windows.map(toHash), endsAt });
    return undefined;
  }

  async store(batch: BatchTx): Promise<void> {
    const fresh: LimitUsage[] = [];
    // In the order of their keys, as everybody who locks them.
    for (const [usageHash, { window, amountMinor }] of [...this.added].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (this.before.has(usageHash))
        batch.addTo(LimitUsage, { where: { usageHash }, add: { usedMinor: amountMinor } });
      else fresh.push({ usageHash, usedMinor: amountMinor, endsAt: window.endsAt });
    }
    await batch.insert(LimitUsage, fresh);
    await batch.insert(LimitReservation, this.reservations);
  }

  private getUsed(usageHash: string): bigint {
    return (this.before.get(usageHash) ?? 0n) + (this.added.get(usageHash)?.amountMinor ?? 0n);
  }
}

function toHash({ usageHash }: Window): string {
  return usageHash;
}

function toControls(rows: readonly Control[]): ReadonlyMap<string, Control> {
  return new Map(rows.map((row) => [toOwnerText(row), row]));
}

function toOwnerText({ merchantId, mode }: Pick<Control, 'merchantId' | 'mode'>): string {
  return `${merchantId} ${mode}`;
}
