import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import { EventRecord } from '../events/event.entity.js';
import { DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { EmailFanout } from './email-fanout.js';

/** Writes the mails of an event that was made where nothing could be looked up. Twice writes them once. */
@Injectable()
export class AnnounceEmailsHandler implements JobHandler, OnModuleInit {
  readonly kind = 'announce_emails';

  constructor(
    private readonly database: Database,
    private readonly fanout: EmailFanout,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(eventId: string): Promise<JobResult> {
    const event = await this.database.read.findOne(EventRecord, { where: { id: eventId } });
    if (!event) return DONE;
    try {
      await this.database.write((tx) => this.fanout.announce(tx, [event]));
    } catch (error) {
      // All of an event's mails are written in one transaction: where one is there, all are.
      if (!isDuplicate(error)) throw error;
    }
    return DONE;
  }
}
