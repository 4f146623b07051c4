import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { GatheredReads } from '../database/gathered-reads.js';
import { rowsById } from '../database/statements.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** What a delivery goes to: an endpoint, or something that stands for one and has no row of its own. */
export interface WebhookTarget extends WebhookEndpoint {
  /** What signs, where it is not the endpoint's own secret. */
  readonly secrets?: readonly [string, ...string[]];
  /** What waits in line together; the id if absent. */
  readonly line?: string;
}

type FindTarget = (id: string) => Promise<WebhookTarget | undefined>;

/** Finds targets by the ids that deliveries carry. Features whose objects are targets too say how theirs are found. */
@Injectable()
export class WebhookTargets {
  private readonly finders = new Map<string, FindTarget>();

  /** Workers that look at the same moment share their queries. */
  private readonly endpoints: GatheredReads<string, WebhookEndpoint>;

  constructor(database: Database) {
    this.endpoints = new GatheredReads(
      (id) => id,
      async (ids) => {
        const rows = await database.find(rowsById(WebhookEndpoint, ids));
        return new Map(rows.map((row) => [row.id, row]));
      },
    );
  }

  /** Ids that begin with `<prefix>_` are found so. */
  register(prefix: string, find: FindTarget): void {
    this.finders.set(prefix, find);
  }

  find(id: string): Promise<WebhookTarget | undefined> {
    const find = this.finders.get(id.slice(0, id.indexOf('_')));
    return find ? find(id) : this.endpoints.find(id);
  }
}
