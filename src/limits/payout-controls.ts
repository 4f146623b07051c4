import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Merchant } from '../merchants/merchant.entity.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { PayoutControl, type ControlOwner } from './payout-control.entity.js';

/** What may change in a merchant's rules. */
export type ControlChanges = Partial<Pick<PayoutControl, 'limits' | 'maxima' | 'approvalRules' | 'stopped'>>;

/** Rules before and after a change. */
export interface Changed {
  readonly before: PayoutControl;
  readonly after: PayoutControl;
}

/** Reads and changes the rules that a merchant's payouts stand under. */
@Injectable()
export class PayoutControls {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The rules of this moment; no rules at all where none were ever made. */
  find(owner: ControlOwner): Promise<PayoutControl> {
    return this.findIn(this.database.read, owner);
  }

  /** Changes them; two at once stand in line. Answers them as they were and as they are now. */
  async change(tx: Tx, owner: ControlOwner, decide: (before: PayoutControl) => ControlChanges): Promise<Changed> {
    await this.lockMerchant(tx, owner.merchantId, 'pessimistic_write');
    const before = await this.findIn(tx.manager, owner);
    const after = { ...before, ...decide(before), updatedAt: this.clock.now() };
    const { merchantId, mode, ...columns } = after;
    const { affected } = await tx.manager.update(PayoutControl, { merchantId, mode }, columns);
    if (affected !== 1) await tx.insert(PayoutControl, [after]);
    return { before, after };
  }

  /**
   * Whether the transaction must not be sent now. Asked in the transaction that claims it: whoever pulls the switch waits for
   * the claims under way, and after that there are no more. Collections are never stopped.
   */
  async isStopped(tx: Tx, { kind, merchantId, mode }: Transaction): Promise<boolean> {
    if (kind === 'collection') return false;
    await this.lockMerchant(tx, merchantId, 'pessimistic_read');
    return (await this.findIn(tx.manager, { merchantId, mode })).stopped !== null;
  }

  private async findIn(manager: EntityManager, { merchantId, mode }: ControlOwner): Promise<PayoutControl> {
    return (await manager.findOne(PayoutControl, { where: { merchantId, mode } })) ?? toUnbound({ merchantId, mode });
  }

  // The merchant's row is there before any rule is: it is what all stand in line at.
  private async lockMerchant(tx: Tx, id: string, mode: 'pessimistic_read' | 'pessimistic_write'): Promise<void> {
    if (this.database.kind !== 'mysql') return;
    await tx.manager.findOne(Merchant, { select: { id: true }, where: { id }, lock: { mode } });
  }
}

function toUnbound({ merchantId, mode }: ControlOwner): PayoutControl {
  return {
    merchantId,
    mode,
    limits: {},
    maxima: {},
    approvalRules: { amounts: [], newNumberApprovals: null },
    stopped: null,
    updatedAt: 0,
  };
}
