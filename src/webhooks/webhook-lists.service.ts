import { Injectable } from '@nestjs/common';
import { And, Equal, LessThan } from 'typeorm';
import { Database } from '../database/database.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { notFound } from '../http/problem.js';
import { WebhookDelivery, type DeliveryStatus } from './webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { EndpointOwner } from './webhook-endpoints.service.js';

/** What a list of deliveries is narrowed to. */
export interface DeliveryFilters {
  readonly endpointId?: string;
  /** A payment link is a target like an endpoint. Both together find nothing. */
  readonly linkId?: string;
  readonly eventId?: string;
  readonly status?: DeliveryStatus;
}

/** Shows merchants their endpoints and what became of every message. */
@Injectable()
export class WebhookListsService {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
  ) {}

  /** Throws `not_found`. */
  async getEndpoint({ merchantId, mode }: EndpointOwner, id: string): Promise<WebhookEndpoint> {
    const endpoint = await this.database.read.findOne(WebhookEndpoint, { where: { id, merchantId, mode } });
    if (!endpoint) throw notFound();
    return endpoint;
  }

  async listEndpoints<T>(
    { merchantId, mode }: EndpointOwner,
    { limit, cursor }: PageQuery,
    shape: (endpoint: WebhookEndpoint) => T,
  ): Promise<Page<T>> {
    const binding = ['webhook_endpoints', merchantId, mode];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read.find(WebhookEndpoint, {
      where: { merchantId, mode, ...(after !== undefined && { id: LessThan(after) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return this.cursors.toPage(rows, limit, binding, shape);
  }

  /** Throws `not_found`. */
  async getDelivery({ merchantId, mode }: EndpointOwner, id: string): Promise<WebhookDelivery> {
    const delivery = await this.database.read.findOne(WebhookDelivery, { where: { id, merchantId, mode } });
    if (!delivery) throw notFound();
    return delivery;
  }

  async listDeliveries<T>(
    { merchantId, mode }: EndpointOwner,
    { limit, cursor, endpointId, linkId, eventId, status }: PageQuery & DeliveryFilters,
    shape: (delivery: WebhookDelivery) => T,
  ): Promise<Page<T>> {
    const targets = [endpointId, linkId].filter((id) => id !== undefined);
    const filters = {
      merchantId,
      mode,
      ...(targets.length > 0 && { endpointId: And(...targets.map((id) => Equal(id))) }),
      ...(eventId !== undefined && { eventId }),
      ...(status !== undefined && { status }),
    };
    const binding = [
      'webhook_deliveries',
      merchantId,
      mode,
      endpointId ?? '',
      linkId ?? '',
      eventId ?? '',
      status ?? '',
    ];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read
      .createQueryBuilder(WebhookDelivery, 'delivery')
      // Left alone, the planner takes the primary key for a large merchant and reads everybody's rows.
      .useIndex(toIndex({ endpointId: targets[0], eventId }))
      .where({ ...filters, ...(after !== undefined && { id: LessThan(after) }) })
      .orderBy('delivery.id', 'DESC')
      .take(limit + 1)
      .getMany();
    return this.cursors.toPage(rows, limit, binding, shape);
  }
}

function toIndex({ endpointId, eventId }: DeliveryFilters): string {
  if (eventId !== undefined) return 'webhook_deliveries_by_event';
  return endpointId === undefined ? 'webhook_deliveries_by_merchant' : 'webhook_deliveries_by_endpoint';
}
