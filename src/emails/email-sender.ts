import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { Scheduler } from '#libs/primitives';
import { SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { SmtpSettings } from '../config/mail-settings.js';
import type { Settings } from '../config/settings.js';
import { readFailure, type SendOutcome } from './email-outcome.js';

/** One attempt lasts no longer, whatever the mail server does. Well inside the lease of a job. */
export const ATTEMPT_TIMEOUT_MS = 30_000;

const CONNECT_MS = 10_000;
const SILENCE_MS = 15_000;

/** A mail as it goes out. */
export interface OutgoingEmail {
  readonly to: string;
  readonly senderName: string;
  readonly replyTo: string | null;
  /** The part before the `@` of its Message-ID: the same on every attempt of a round. */
  readonly messageKey: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** For RFC 8058; undefined where its reader cannot stop such mails. */
  readonly unsubscribeUrl: string | undefined;
}

type Transport = ReturnType<typeof openTransport>;

/** Hands mails to the operator's mail server. Never throws; each attempt ends within a bounded time. */
@Injectable()
export class EmailSender implements OnApplicationShutdown {
  private readonly smtp: SmtpSettings | undefined;
  private readonly host: string;
  private transport: Transport | undefined;

  constructor(
    @Inject(SETTINGS) settings: Pick<Settings, 'smtp' | 'publicUrl'>,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
  ) {
    this.smtp = settings.smtp;
    this.host = new URL(settings.publicUrl).hostname;
  }

  /** Whether this gateway sends mails at all. */
  get isOn(): boolean {
    return this.smtp !== undefined;
  }

  async send(email: OutgoingEmail): Promise<SendOutcome> {
    if (!this.smtp) return { kind: 'later', answer: 'This gateway has no mail server (SMTP_URL).' };
    this.transport ??= openTransport(this.smtp);
    const deadline = new AbortController();
    const cancel = this.scheduler.after(ATTEMPT_TIMEOUT_MS, () => deadline.abort());
    try {
      const { response } = await this.transport.sendMail({
        ...this.toMessage(email, this.smtp),
        signal: deadline.signal,
      });
      return { kind: 'sent', answer: response };
    } catch (error) {
      return readFailure(error);
    } finally {
      cancel();
    }
  }

  onApplicationShutdown(): void {
    this.transport?.close();
  }

  // Names and addresses are objects, so that nothing in them can become a header or a further recipient of its own.
  private toMessage(email: OutgoingEmail, { from }: SmtpSettings) {
    const { to, senderName, replyTo, messageKey, subject, html, text, unsubscribeUrl } = email;
    return {
      from: { name: senderName, address: from },
      to: { name: '', address: to },
      ...(replyTo !== null && { replyTo: { name: senderName, address: replyTo } }),
      messageId: `<${messageKey}@${this.host}>`,
      subject,
      html,
      text,
      headers: {
        // RFC 3834: no mailbox should answer that its owner is on holiday.
        'Auto-Submitted': 'auto-generated',
        ...(unsubscribeUrl !== undefined && {
          'List-Unsubscribe': `<${unsubscribeUrl}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        }),
      },
    };
  }
}

function openTransport({ host, port, secure, requireTls, user, password }: SmtpSettings) {
  return createTransport({
    host,
    port,
    secure,
    requireTLS: requireTls,
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    pool: true,
    maxConnections: 4,
    // Tries again are rows of ours.
    maxRequeues: 0,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    idleTimeout: 60_000,
    // A message of ours is text: nothing in it may make us read a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
