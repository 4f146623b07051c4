import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { GatheredReads } from '../database/gathered-reads.js';
import { rowsById, type LookUp } from '../database/statements.js';
import { WebhookDelivery, type DeliveryFailure } from './webhook-delivery.entity.js';
import { messagesOf, type WebhookMessage } from './webhook-message.js';
import { WebhookTargets, type WebhookTarget } from './webhook-targets.js';

/** A delivery with what it takes to the endpoint. */
export interface Errand {
  readonly delivery: WebhookDelivery;
  readonly endpoint: WebhookTarget;
  readonly message: WebhookMessage;
}

/** Finds what deliveries are about. Workers that look at the same moment share their queries. */
@Injectable()
export class Errands {
  private readonly deliveries: GatheredReads<string, WebhookDelivery>;
  private readonly messages: GatheredReads<string, WebhookMessage>;

  constructor(
    database: Database,
    private readonly targets: WebhookTargets,
  ) {
    this.deliveries = gathered(database, (ids) => rowsById(WebhookDelivery, ids));
    this.messages = gathered(database, messagesOf);
  }

  findDelivery(id: string): Promise<WebhookDelivery | undefined> {
    return this.deliveries.find(id);
  }

  /** What to send and where to, or why that is impossible. */
  async find(delivery: WebhookDelivery): Promise<Errand | DeliveryFailure> {
    const [endpoint, message] = await Promise.all([
      this.targets.find(delivery.endpointId),
      this.messages.find(delivery.eventId),
    ]);
    if (!endpoint) return 'endpoint_deleted';
    if (!endpoint.enabled) return 'endpoint_disabled';
    // Without its data an event is past the time that it is kept, and no message.
    return message ? { delivery, endpoint, message } : 'event_deleted';
  }
}

function gathered<Row extends { readonly id: string }>(
  database: Database,
  toLookUp: (ids: readonly string[]) => LookUp<Row>,
): GatheredReads<string, Row> {
  return new GatheredReads(
    (id) => id,
    async (ids) => new Map((await database.find(toLookUp(ids))).map((row) => [row.id, row])),
  );
}
