import { Inject, Injectable } from '@nestjs/common';
import type { Clock, RandomBytes } from '#libs/primitives';
import { CLOCK, RANDOM } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { toNextWait, type SendOutcome } from './email-outcome.js';
import { EmailSuppressions } from './email-suppressions.js';
import { Email } from './email.entity.js';

type EmailChange = Pick<Email, 'status' | 'attempts' | 'lastAnswer' | 'nextAttemptAt'> & Partial<Pick<Email, 'sentAt'>>;

/** Writes down what came of attempts, with everything that follows from it, in one transaction. */
@Injectable()
export class EmailRecorder {
  constructor(
    private readonly database: Database,
    private readonly suppressions: EmailSuppressions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** Answers when to try again, or undefined where the mail is over, or somebody else has decided about it meanwhile. */
  async record(email: Email, outcome: SendOutcome): Promise<number | undefined> {
    const change = this.toChange(email, outcome);
    return this.database.write(async (tx) => {
      if (!(await update(tx, email, change))) return undefined;
      if (outcome.kind === 'bounced') {
        const { merchantId, mode, toAddress: address } = email;
        const mark = { merchantId, mode, address, reason: 'bounced', detail: outcome.answer } as const;
        await this.suppressions.add(tx, mark);
      }
      return change.nextAttemptAt ?? undefined;
    });
  }

  /** Ends a mail that nothing was sent for. */
  async suppress(email: Email, why: string): Promise<void> {
    const change: EmailChange = {
      status: 'suppressed',
      attempts: email.attempts,
      lastAnswer: why,
      nextAttemptAt: null,
    };
    await this.database.write((tx) => update(tx, email, change));
  }

  private toChange({ attempts: before }: Email, { kind, answer }: SendOutcome): EmailChange {
    const attempts = before + 1;
    const over = { attempts, lastAnswer: answer.slice(0, 500), nextAttemptAt: null };
    const now = this.clock.now();
    switch (kind) {
      case 'sent':
        return { ...over, status: 'sent', sentAt: now };
      case 'bounced':
        return { ...over, status: 'bounced' };
      case 'refused':
        return { ...over, status: 'failed' };
      case 'later': {
        const waitMs = toNextWait(attempts, this.random);
        if (waitMs === undefined) return { ...over, status: 'failed' };
        return { ...over, status: 'queued', nextAttemptAt: now + waitMs };
      }
    }
  }
}

// What the change was worked out from stands in the WHERE: nobody else's word is written over.
async function update(tx: Tx, { id, status, attempts, round }: Email, change: EmailChange): Promise<boolean> {
  const { affected } = await tx.manager.update(Email, { id, status, attempts, round }, change);
  return affected === 1;
}
