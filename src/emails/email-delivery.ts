import { Injectable } from '@nestjs/common';
import { EmailRecorder } from './email-recorder.js';
import { renderEmail } from './email-renderer.js';
import { EmailSender } from './email-sender.js';
import { EmailSuppressions } from './email-suppressions.js';
import { UnsubscribeLinks } from './unsubscribe-links.js';
import type { Email } from './email.entity.js';

const SUPPRESSED = {
  bounced: 'Not sent: a mail to this address bounced before.',
  unsubscribed: 'Not sent: its owner wants no more notices.',
} as const;

/** One attempt from end to end: may it be sent, how does it read, what did the mail server say. */
@Injectable()
export class EmailDelivery {
  constructor(
    private readonly suppressions: EmailSuppressions,
    private readonly links: UnsubscribeLinks,
    private readonly sender: EmailSender,
    private readonly recorder: EmailRecorder,
  ) {}

  /** Answers when to try again (epoch ms), or undefined where the mail is over. */
  async attempt(email: Email): Promise<number | undefined> {
    const reason = await this.suppressions.findReason(email);
    if (reason !== undefined) {
      await this.recorder.suppress(email, SUPPRESSED[reason]);
      return undefined;
    }
    const unsubscribeUrl = this.links.urlFor(email);
    const outcome = await this.sender.send({
      ...renderEmail(email, unsubscribeUrl),
      to: email.toAddress,
      senderName: email.content.senderName,
      replyTo: email.content.replyTo,
      messageKey: `${email.id}.${String(email.round)}`,
      unsubscribeUrl,
    });
    return this.recorder.record(email, outcome);
  }
}
