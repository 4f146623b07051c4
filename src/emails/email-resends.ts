import { Inject, Injectable } from '@nestjs/common';
import { MoreThan, Not } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Jobs } from '../jobs/jobs.js';
import type { EmailOwner } from './email-suppressions.js';
import { Email } from './email.entity.js';
import { EmailsService } from './emails.service.js';
import { ResendRules } from './resend-rules.js';

/** Sends a mail again because the merchant asks for it. */
@Injectable()
export class EmailResends {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly emails: EmailsService,
    private readonly rules: ResendRules,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts a new round of attempts, the first one now, whatever became of the rounds before. Throws `not_found`, and `conflict`
   * where the mail would not go out.
   */
  async resend(owner: EmailOwner, id: string): Promise<Email> {
    const email = await this.emails.get(owner, id);
    await this.rules.refuseUnsendable(email);
    const now = this.clock.now();
    await this.database.write(async (tx) => {
      const round = { status: 'queued', attempts: 0, nextAttemptAt: now, sentAt: null } as const;
      // Those who ask at once stand in line at the row; a round that is about to begin is not begun once more.
      const { affected } = await tx.manager.update(
        Email,
        [
          { id, status: Not('queued') },
          { id, nextAttemptAt: MoreThan(now) },
        ],
        { ...round, round: () => 'round + 1' },
      );
      if (affected === 0) return;
      await this.jobs.ensure(tx, { kind: 'send_email', subjectId: id, runAt: now });
    });
    return this.emails.get(owner, id);
  }
}
