import { Injectable } from '@nestjs/common';
import { Problem } from '../http/problem.js';
import { EmailSender } from './email-sender.js';
import { EmailSuppressions } from './email-suppressions.js';
import type { Email } from './email.entity.js';

/** What stands against sending a mail at all. */
@Injectable()
export class ResendRules {
  constructor(
    private readonly sender: EmailSender,
    private readonly suppressions: EmailSuppressions,
  ) {}

  /** Throws `conflict`, with what to do about it. */
  async refuseUnsendable(email: Email): Promise<void> {
    if (!this.sender.isOn) {
      throw new Problem('conflict', 'This gateway sends no mail: its operator has not set SMTP_URL.');
    }
    const reason = await this.suppressions.findReason(email);
    if (reason === undefined) return;
    throw new Problem(
      'conflict',
      `Its address is marked as ${reason}. Lift that first with DELETE /v1/email-suppressions/{id}.`,
    );
  }
}
