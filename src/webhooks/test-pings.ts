import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { EventRecord, toNoticeRow } from '../events/event.entity.js';
import { EventSequencer } from '../events/event-sequencer.js';
import { isSuccess } from './delivery-outcome.js';
import { MessageSigner } from './message-signer.js';
import { WebhookDelivery, type DeliveryAttempt } from './webhook-delivery.entity.js';
import type { EndpointOwner } from './webhook-endpoints.service.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookListsService } from './webhook-lists.service.js';
import { toBody } from './webhook-message.js';
import type { PingResponse } from './webhook-delivery.dto.js';
import { WebhookSender } from './webhook-sender.js';

/** Sends a signed message while the merchant waits, so that he sees at once whether his receiver takes it. */
@Injectable()
export class TestPings {
  constructor(
    private readonly database: Database,
    private readonly lists: WebhookListsService,
    private readonly sequencer: EventSequencer,
    private readonly signer: MessageSigner,
    private readonly sender: WebhookSender,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * One attempt, at most 15 seconds, whatever the endpoint listens to and even while it is disabled. It is in the log like
   * any delivery, is not tried again, and says nothing about the endpoint's health. Throws `not_found`.
   */
  async send(owner: EndpointOwner, endpointId: string): Promise<WebhookDelivery> {
    const endpoint = await this.lists.getEndpoint(owner, endpointId);
    const event = this.toEvent(endpoint);
    const message = { id: event.id, body: toBody({ ...event, json: JSON.stringify(event.data) }) };
    const { at, statusCode, answer, durationMs } = await this.sender.send(this.signer.sign(endpoint, message));
    const delivery = this.toDelivery(endpoint, event, { at, statusCode, answer, durationMs });
    await this.database.write(async (tx) => {
      await tx.insert(EventRecord, [event]);
      this.sequencer.follow(tx, [event]);
      await tx.insert(WebhookDelivery, [delivery]);
    });
    return delivery;
  }

  private toEvent({ id: endpointId, merchantId, mode }: WebhookEndpoint): EventRecord & { type: string } {
    const data: PingResponse = { object: 'ping', endpointId };
    const notice = { merchantId, mode, subjectId: endpointId, type: 'test.ping', data };
    return toNoticeRow(notice, { id: this.ids.next('evt'), createdAt: this.clock.now() });
  }

  private toDelivery(endpoint: WebhookEndpoint, event: EventRecord, attempt: DeliveryAttempt): WebhookDelivery {
    const delivered = isSuccess(attempt);
    return {
      id: this.ids.next('dlv'),
      merchantId: endpoint.merchantId,
      mode: endpoint.mode,
      endpointId: endpoint.id,
      eventId: event.id,
      eventType: 'test.ping',
      status: delivered ? 'delivered' : 'failed',
      attempts: [attempt],
      attemptCount: 1,
      roundAttempts: 1,
      failureReason: delivered ? null : 'test_failed',
      nextAttemptAt: null,
      createdAt: event.createdAt,
      deliveredAt: delivered ? this.clock.now() : null,
    };
  }
}
