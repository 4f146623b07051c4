import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import type { EmailKind } from './email-kinds.js';
import type { EmailOwner } from './email-suppressions.js';
import { defaultSettings, NotificationSettings } from './notification-settings.entity.js';

/** What a merchant changes. Undefined stays, null clears. */
export interface NotificationChanges extends Partial<
  Pick<NotificationSettings, 'senderName' | 'replyTo' | 'logoUrl' | 'recipients' | 'approvers'>
> {
  readonly kinds?: Partial<Record<EmailKind, boolean>>;
}

/** What merchants want of e-mails. */
@Injectable()
export class NotificationSettingsService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async get({ merchantId, mode }: EmailOwner): Promise<NotificationSettings> {
    const row = await this.database.read.findOne(NotificationSettings, { where: { merchantId, mode } });
    return row ?? defaultSettings(merchantId, mode);
  }

  /** Changes what is given. Two changes at once are made one after the other, so that neither is lost. */
  async update(owner: EmailOwner, { kinds = {}, ...changes }: NotificationChanges): Promise<NotificationSettings> {
    await this.ensureRow(owner);
    await this.database.write(async (tx) => {
      const { switches } = await this.lockRow(tx, owner);
      await tx.manager.update(NotificationSettings, toKey(owner), {
        ...changes,
        switches: { ...switches, ...kinds },
        updatedAt: this.clock.now(),
      });
    });
    return this.get(owner);
  }

  private async ensureRow(owner: EmailOwner): Promise<void> {
    if (await this.database.read.exists(NotificationSettings, { where: toKey(owner) })) return;
    const row = { ...defaultSettings(owner.merchantId, owner.mode), updatedAt: this.clock.now() };
    try {
      await this.database.write((tx) => tx.insert(NotificationSettings, [row]));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  private lockRow(tx: Tx, owner: EmailOwner): Promise<NotificationSettings> {
    const query = tx.manager.createQueryBuilder(NotificationSettings, 'settings').where(toKey(owner));
    if (this.database.kind === 'mysql') query.setLock('pessimistic_write');
    return query.getOneOrFail();
  }
}

function toKey({ merchantId, mode }: EmailOwner): EmailOwner {
  return { merchantId, mode };
}
