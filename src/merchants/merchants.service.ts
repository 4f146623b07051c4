import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { notFound } from '../http/problem.js';
import { Merchant } from './merchant.entity.js';

/** What a merchant can say of itself. Null clears. */
export interface MerchantProfile {
  readonly name: string;
  readonly locale: 'fr' | 'en';
  readonly colour: string | null;
  readonly logoUrl: string | null;
  readonly notificationEmail: string | null;
  readonly supportUrl: string | null;
}

/** What may change in a merchant; the status by the platform alone. */
export type MerchantChanges = Partial<MerchantProfile & Pick<Merchant, 'status'>>;

const CURSOR = ['merchants'] as const;

/** The businesses that use this gateway. */
@Injectable()
export class MerchantsService {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  async create(given: Pick<MerchantProfile, 'name'> & Partial<MerchantProfile>): Promise<Merchant> {
    const now = this.clock.now();
    const merchant: Merchant = {
      id: this.ids.next('mer'),
      name: given.name,
      locale: given.locale ?? 'en',
      status: 'active',
      colour: given.colour ?? null,
      logoUrl: given.logoUrl ?? null,
      notificationEmail: given.notificationEmail ?? null,
      supportUrl: given.supportUrl ?? null,
      createdAt: now,
      updatedAt: now,
    };
    await this.database.write((tx) => tx.insert(Merchant, [merchant]));
    return merchant;
  }

  async find(id: string): Promise<Merchant | undefined> {
    return (await this.database.read.findOne(Merchant, { where: { id } })) ?? undefined;
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<Merchant> {
    const merchant = await this.find(id);
    if (!merchant) throw notFound();
    return merchant;
  }

  async list<T>({ limit, cursor }: PageQuery, shape: (merchant: Merchant) => T): Promise<Page<T>> {
    const after = this.cursors.read(cursor, CURSOR);
    const rows = await this.database.read.find(Merchant, {
      where: after === undefined ? {} : { id: LessThan(after) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return this.cursors.toPage(rows, limit, CURSOR, shape);
  }

  /** Changes what is given and leaves the rest. A suspension holds from the next request on. Throws `not_found`. */
  async update(id: string, changes: MerchantChanges): Promise<Merchant> {
    const { name, locale, colour, logoUrl, notificationEmail, supportUrl, status } = changes;
    await this.database.write((tx) =>
      tx.manager.update(
        Merchant,
        { id },
        // A property that is undefined is not touched.
        { name, locale, colour, logoUrl, notificationEmail, supportUrl, status, updatedAt: this.clock.now() },
      ),
    );
    return this.get(id);
  }
}
