import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { again, DONE, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { EmailDelivery } from './email-delivery.js';
import { ATTEMPT_TIMEOUT_MS } from './email-sender.js';
import { Email } from './email.entity.js';

/**
 * Makes the next attempt of a mail. Killed between the mail server's yes and our record of it, it is made again: such a mail
 * arrives twice, with the same Message-ID, by which many mailboxes show it once.
 */
@Injectable()
export class SendEmailHandler implements JobHandler, OnModuleInit {
  readonly kind = 'send_email';

  constructor(
    private readonly database: Database,
    private readonly delivery: EmailDelivery,
    private readonly runner: JobRunner,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(emailId: string, turn: JobTurn): Promise<JobResult> {
    const email = await this.database.read.findOne(Email, { where: { id: emailId } });
    if (email?.status !== 'queued') return DONE;
    const now = this.clock.now();
    // After a crash between the record and the job's release the job comes early.
    if (email.nextAttemptAt !== null && email.nextAttemptAt > now) return again(email.nextAttemptAt);
    // Somebody else may take over before this attempt could end.
    if (turn.leaseEndsAt - now < ATTEMPT_TIMEOUT_MS) return again(now);
    const nextAttemptAt = await this.delivery.attempt(email);
    return nextAttemptAt === undefined ? DONE : again(nextAttemptAt);
  }
}
