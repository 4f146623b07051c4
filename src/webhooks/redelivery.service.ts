import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, Not } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Problem } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import type { EndpointOwner } from './webhook-endpoints.service.js';
import { WebhookListsService } from './webhook-lists.service.js';
import { WebhookTargets } from './webhook-targets.js';

/** Sends a message again because the merchant asks for it. */
@Injectable()
export class RedeliveryService {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly lists: WebhookListsService,
    private readonly targets: WebhookTargets,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts a new round of attempts, the first one now, whatever became of the rounds before. The `webhook-id` stays. Throws
   * `not_found`, and `conflict` where the endpoint would not get it.
   */
  async redeliver(owner: EndpointOwner, id: string): Promise<WebhookDelivery> {
    const { endpointId } = await this.lists.getDelivery(owner, id);
    await this.refuseUnheard(endpointId);
    const now = this.clock.now();
    await this.database.write(async (tx) => {
      const round = { status: 'pending', roundAttempts: 0, failureReason: null, nextAttemptAt: now } as const;
      // Those who ask at once stand in line at the row; a round that is about to begin is not begun once more.
      const updated = await tx.manager.update(
        WebhookDelivery,
        [
          { id, status: Not('pending') },
          { id, roundAttempts: MoreThan(0) },
          { id, nextAttemptAt: MoreThan(now) },
        ],
        round,
      );
      if (updated.affected === 0) return;
      await this.jobs.ensure(tx, { kind: 'deliver_webhook', subjectId: id, runAt: now });
    });
    return this.lists.getDelivery(owner, id);
  }

  private async refuseUnheard(endpointId: string): Promise<void> {
    const endpoint = await this.targets.find(endpointId);
    if (endpoint?.enabled) return;
    const state = endpoint ? 'is disabled. Enable it first' : 'was deleted';
    throw new Problem('conflict', `The endpoint of this delivery ${state}.`);
  }
}
