import { Inject, Injectable } from '@nestjs/common';
import { IsNull, Not, type FindOptionsWhere } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import type { Tx } from '../database/tx.js';
import { isGone, isSuccess } from './delivery-outcome.js';
import type { DeliveryAttempt } from './webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEndpointResponse } from './webhook-endpoint.dto.js';
import { WebhookFanout } from './webhook-fanout.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A receiver that is being deployed anew is nobody's worry. */
export const ANNOUNCED_AFTER_MS = 30 * MINUTE;

/** Nothing but failures for so long: nobody is there any more. Longer than one message is tried (75 h 35 min). */
export const DISABLED_AFTER_MS = 120 * HOUR;

/**
 * Follows how an endpoint fares from attempt to attempt: `failing` is told to the merchant's other endpoints after half an
 * hour of failures only, `recovered` with the next success, and after 120 hours, or a 410, it is `disabled`.
 */
@Injectable()
export class EndpointHealth {
  constructor(
    private readonly fanout: WebhookFanout,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** In the transaction that records the attempt. `endpoint` is how it was when the attempt began. */
  async note(tx: Tx, endpoint: WebhookEndpoint, attempt: DeliveryAttempt): Promise<void> {
    if (isGone(attempt)) return this.disable(tx, endpoint, 'gone', {});
    if (!isSuccess(attempt)) return this.noteFailure(tx, endpoint, attempt);
    if (endpoint.failingSince === null) return;
    // Of many successes at once, one ends it.
    const over = { failingSince: null, failingAnnounced: false };
    const ended = await this.change(tx, endpoint, { failingSince: Not(IsNull()) }, over);
    if (ended && endpoint.failingAnnounced) await this.tell(tx, 'webhook_endpoint.recovered', { ...endpoint, ...over });
  }

  private async noteFailure(tx: Tx, endpoint: WebhookEndpoint, { at }: DeliveryAttempt): Promise<void> {
    const { failingSince } = endpoint;
    if (failingSince === null) {
      await this.change(tx, endpoint, { failingSince: IsNull() }, { failingSince: at });
      return;
    }
    const failingMs = this.clock.now() - failingSince;
    // First the warning, whatever time has passed: nothing is disabled unannounced.
    if (failingMs >= ANNOUNCED_AFTER_MS && !endpoint.failingAnnounced) {
      const announced = { failingAnnounced: true };
      const first = await this.change(tx, endpoint, { failingSince, failingAnnounced: false }, announced);
      // The endpoint itself would only have one more message to miss.
      if (first)
        await this.tell(tx, 'webhook_endpoint.failing', { ...endpoint, ...announced }, { except: endpoint.id });
    } else if (failingMs >= DISABLED_AFTER_MS) {
      // Not where the merchant has given it a clean record while this attempt was under way.
      await this.disable(tx, endpoint, 'failing', { failingSince });
    }
  }

  private async disable(
    tx: Tx,
    endpoint: WebhookEndpoint,
    disabledReason: 'gone' | 'failing',
    where: FindOptionsWhere<WebhookEndpoint>,
  ): Promise<void> {
    const changes = { enabled: false, disabledReason, updatedAt: this.clock.now() };
    const disabled = await this.change(tx, endpoint, { ...where, enabled: true }, changes);
    if (disabled) await this.tell(tx, 'webhook_endpoint.disabled', { ...endpoint, ...changes });
  }

  /** Whether it was us who changed it. An address that the merchant has just given it has not failed yet. */
  private async change(
    tx: Tx,
    { id, url }: WebhookEndpoint,
    where: FindOptionsWhere<WebhookEndpoint>,
    changes: Partial<
      Pick<WebhookEndpoint, 'failingSince' | 'failingAnnounced' | 'enabled' | 'disabledReason' | 'updatedAt'>
    >,
  ): Promise<boolean> {
    const { affected } = await tx.manager.update(WebhookEndpoint, { ...where, id, url }, changes);
    return affected === 1;
  }

  private async tell(tx: Tx, type: string, endpoint: WebhookEndpoint, to: { except?: string } = {}): Promise<void> {
    const { id: subjectId, merchantId, mode } = endpoint;
    const data = WebhookEndpointResponse.from(endpoint);
    await this.fanout.tell(tx, { merchantId, mode, subjectId, type, data }, to);
  }
}
