import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { BatchTx } from '../database/batch-tx.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import type { Statement } from '../database/statements.js';
import { LeaseLostError, noteFinished, type JobLease } from '../jobs/job-endings.js';
import type { DeliveryAttempt, WebhookDelivery } from './webhook-delivery.entity.js';

/** A first attempt that the receiver took, and the job that made it. */
export interface Receipt {
  readonly delivery: WebhookDelivery;
  readonly attempt: DeliveryAttempt;
  readonly lease: JobLease;
}

/** A row of the batch is not as it was: redelivered, recorded by somebody else, or its lease lost. */
class OvertakenError extends Error {}

/**
 * The usual case by far, in the least work: a message that was taken at the first attempt. Many such deliveries and their
 * jobs end in one commit, with two statements. Whatever is not as expected is left to the recorder, which weighs each alone.
 */
@Injectable()
export class DeliveryReceipts {
  private readonly receipts: GroupCommit<BatchTx, Receipt, true>;

  constructor(
    database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.receipts = new GroupCommit((work) => database.writeBatch(work), {
      exclusiveKeys: ({ delivery }) => [delivery.id],
      lanes: database.kind === 'mysql' ? 2 : 1,
      write: async (batch, receipts) => {
        const overtaken = (): Error => new OvertakenError('A delivery was changed by somebody else.');
        batch.changeRows(this.toUpdate(receipts), receipts.length, overtaken);
        noteFinished(
          batch,
          receipts.map(({ lease }) => lease),
        );
        return receipts.map(() => true);
      },
    });
  }

  /** False where nothing was written, because something came in between. */
  async note(receipt: Receipt): Promise<boolean> {
    try {
      return await this.receipts.submit(receipt);
    } catch (error) {
      if (error instanceof OvertakenError || error instanceof LeaseLostError) return false;
      throw error;
    }
  }

  /** What the change was worked out from stands in the WHERE: nobody else's word is written over. */
  private toUpdate(receipts: readonly Receipt[]): Statement {
    const ids = receipts.map(({ delivery }) => delivery.id);
    return {
      sql:
        `UPDATE webhook_deliveries SET attempts = CASE id ${receipts.map(() => 'WHEN ? THEN ?').join(' ')} END, ` +
        `status = 'delivered', attempt_count = 1, round_attempts = 1, next_attempt_at = NULL, delivered_at = ? ` +
        `WHERE id IN (${ids.map(() => '?').join(', ')}) AND status = 'pending' AND attempt_count = 0`,
      values: [
        ...receipts.flatMap(({ delivery, attempt }) => [delivery.id, JSON.stringify([attempt])]),
        this.clock.now(),
        ...ids,
      ],
    };
  }
}
