import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { notFound } from '../http/problem.js';
import { EmailSuppressions } from './email-suppressions.js';
import { Email, type EmailLocale } from './email.entity.js';
import { UnsubscribeLinks } from './unsubscribe-links.js';

/** Whose notices a link stops, in its reader's language. */
export interface Subscription {
  readonly locale: EmailLocale;
  readonly merchantName: string;
}

/** Stops notices because their reader asks for it. */
@Injectable()
export class UnsubscribeService {
  constructor(
    private readonly database: Database,
    private readonly links: UnsubscribeLinks,
    private readonly suppressions: EmailSuppressions,
  ) {}

  /** Throws `not_found` for a link that we did not make. */
  async find(token: string): Promise<Subscription> {
    return toSubscription(await this.getEmail(token));
  }

  /** The same, and no more notices of this merchant and mode go to the address from now on. Twice changes nothing. */
  async stop(token: string): Promise<Subscription> {
    const email = await this.getEmail(token);
    const { merchantId, mode, toAddress: address } = email;
    await this.database.write((tx) =>
      this.suppressions.add(tx, { merchantId, mode, address, reason: 'unsubscribed', detail: null }),
    );
    return toSubscription(email);
  }

  private async getEmail(token: string): Promise<Email> {
    const id = this.links.read(token);
    const email = id === undefined ? null : await this.database.read.findOne(Email, { where: { id } });
    if (!email) throw notFound();
    return email;
  }
}

function toSubscription({ locale, content }: Email): Subscription {
  return { locale, merchantName: content.merchant.name };
}
