import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, In } from 'typeorm';
import type { Clock } from '#libs/primitives';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Jobs } from '../jobs/jobs.js';
import { Transaction } from '../transactions/transaction.entity.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import type { ControlOwner, PayoutControl, Stop } from './payout-control.entity.js';
import { PayoutControls } from './payout-controls.js';
import { PayoutSwitchResponse } from './payout-switch.dto.js';

const WOKEN_AT_ONCE = 200;

/**
 * Stops everything that sends a merchant's money out, and starts it again. Stopped means: what is asked for is refused, what
 * was taken waits, what was sent is asked about as ever.
 */
@Injectable()
export class PayoutSwitchService {
  constructor(
    private readonly database: Database,
    private readonly controls: PayoutControls,
    private readonly webhooks: WebhookFanout,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async get(owner: ControlOwner): Promise<PayoutSwitchResponse> {
    return PayoutSwitchResponse.from(await this.controls.find(owner));
  }

  /** When it answers, no payout will be claimed any more. Where they are stopped already, the first reason stays. */
  stop(caller: MerchantCaller, reason: string): Promise<PayoutSwitchResponse> {
    return this.turn(caller, { at: this.clock.now(), principalId: caller.principalId, reason });
  }

  /** Lets payouts go again, and wakes those that wait. */
  async start(caller: MerchantCaller): Promise<PayoutSwitchResponse> {
    const answer = await this.turn(caller, null);
    // Whoever is not woken because we stop here looks again by himself (SubmitHandler).
    for (let last: string | undefined = ''; last !== undefined;) last = await this.wakeSome(caller, last);
    return answer;
  }

  private turn(caller: MerchantCaller, to: Stop | null): Promise<PayoutSwitchResponse> {
    return this.database.write(async (tx) => {
      const { before, after } = await this.controls.change(tx, caller, ({ stopped }) => ({
        stopped: to === null ? null : (stopped ?? to),
      }));
      const turned = (before.stopped === null) !== (after.stopped === null);
      if (turned) await this.tell(tx, after, to === null ? 'payouts.started' : 'payouts.stopped');
      return PayoutSwitchResponse.from(after);
    });
  }

  private async tell(tx: Tx, control: PayoutControl, type: string): Promise<void> {
    const { merchantId, mode } = control;
    const data = PayoutSwitchResponse.from(control);
    await this.webhooks.tell(tx, { merchantId, mode, subjectId: merchantId, type, data });
  }

  /** Answers the id to go on after; undefined when all are awake. */
  private async wakeSome({ merchantId, mode }: ControlOwner, after: string): Promise<string | undefined> {
    const waiting = await this.database.read
      .createQueryBuilder(Transaction, 'transaction')
      // What was created and not yet claimed is little, whoever's it is.
      .useIndex('transactions_by_status')
      .select('transaction.id')
      .where({ status: 'created', merchantId, mode, kind: In(['payout', 'refund']), id: MoreThan(after) })
      .orderBy('transaction.id')
      .limit(WOKEN_AT_ONCE)
      .getMany();
    const now = this.clock.now();
    await this.database.write((tx) => this.jobs.ensureMany(tx, 'submit', new Map(waiting.map(({ id }) => [id, now]))));
    return waiting.at(-1)?.id;
  }
}
