import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { kindRow } from './email-kinds.js';
import type { Email } from './email.entity.js';

const TOKEN = /^(?<id>eml_[0-9A-HJKMNP-TV-Z]{26})\.(?<signature>[\w-]{43})$/;

/** Makes and reads the links in notices by which their readers stop them. Who has the mail has the link, and nobody else. */
@Injectable()
export class UnsubscribeLinks {
  constructor(@Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicUrl' | 'secretKeys'>) {}

  /** Undefined for mails to customers: a receipt is no mailing. */
  urlFor({ id, kind }: Pick<Email, 'id' | 'kind'>): string | undefined {
    if (kindRow(kind).to === 'customer') return undefined;
    const { publicUrl, secretKeys } = this.settings;
    return `${publicUrl}/unsubscribe/${id}.${sign(id, secretKeys.current)}`;
  }

  /** Stands for the link in previews: who may look at a mail may not unsubscribe its reader. */
  get placeholder(): string {
    return `${this.settings.publicUrl}/unsubscribe/…`;
  }

  /** The id of the mail that a token was made for; undefined where it was not made by us. Links outlive a change of the key. */
  read(token: string): string | undefined {
    const { id, signature } = TOKEN.exec(token)?.groups ?? {};
    if (id === undefined || signature === undefined) return undefined;
    const { current, previous } = this.settings.secretKeys;
    const given = Buffer.from(signature);
    return [current, ...previous].some((key) => timingSafeEqual(Buffer.from(sign(id, key)), given)) ? id : undefined;
  }
}

function sign(id: string, key: Buffer): string {
  return createHmac('sha256', key).update(`unsubscribe ${id}`).digest('base64url');
}
