import { Inject, Injectable } from '@nestjs/common';
import type { RandomBytes } from '#libs/primitives';
import { RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { hashOf } from '../secrets/hash.js';
import { SecretBox } from '../secrets/secret-box.js';
import { PaymentLink } from './payment-link.entity.js';

const TOKEN_BYTES = 24;
const TOKEN = /^[A-Za-z0-9_-]{32}$/;

/** The unguessable part of a page's address: 192 random bits, kept as a hash to find the link and sealed to show it again. */
@Injectable()
export class LinkTokens {
  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
    @Inject(RANDOM) private readonly random: RandomBytes,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** What a new link's row holds of its token. */
  make(linkId: string): Pick<PaymentLink, 'tokenHash' | 'sealedToken'> {
    const token = this.random(TOKEN_BYTES).toString('base64url');
    return { tokenHash: toTokenHash(token), sealedToken: this.box.seal(token, linkTokenPlace(linkId)) };
  }

  /** The address of the link's page. */
  toUrl({ id, sealedToken }: Pick<PaymentLink, 'id' | 'sealedToken'>): string {
    return `${this.settings.publicUrl}/l/${this.box.open(sealedToken, linkTokenPlace(id))}`;
  }

  /** The link that a visitor's token opens, if any. */
  async find(token: string): Promise<PaymentLink | undefined> {
    if (!TOKEN.test(token)) return undefined;
    const link = await this.database.read.findOne(PaymentLink, { where: { tokenHash: toTokenHash(token) } });
    return link ?? undefined;
  }
}

/** Where a link's token is sealed. */
export function linkTokenPlace(linkId: string): string {
  return `payment_links/${linkId}/token`;
}

function toTokenHash(token: string): string {
  return hashOf('payment link', token);
}
