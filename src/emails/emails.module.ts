import { Module } from '@nestjs/common';
import { AnnounceEmailsHandler } from './announce-emails.handler.js';
import { EmailDelivery } from './email-delivery.js';
import { EmailFanout } from './email-fanout.js';
import { EmailRecorder } from './email-recorder.js';
import { EmailRetentionHandler } from './email-retention.handler.js';
import { EmailResends } from './email-resends.js';
import { EmailSender } from './email-sender.js';
import { EmailSuppressions } from './email-suppressions.js';
import { EmailSuppressionsController } from './email-suppressions.controller.js';
import { EmailsController } from './emails.controller.js';
import { EmailsService } from './emails.service.js';
import { NotificationSettingsController } from './notification-settings.controller.js';
import { NotificationSettingsService } from './notification-settings.service.js';
import { ResendRules } from './resend-rules.js';
import { SendEmailHandler } from './send-email.handler.js';
import { UnsubscribeLinks } from './unsubscribe-links.js';
import { UnsubscribeController } from './unsubscribe.controller.js';
import { UnsubscribeService } from './unsubscribe.service.js';

/** Tells people what happened, in their language: written with the event, sent after it, never in a payment's way. */
@Module({
  controllers: [EmailsController, EmailSuppressionsController, NotificationSettingsController, UnsubscribeController],
  providers: [
    EmailFanout,
    AnnounceEmailsHandler,
    // The API.
    EmailsService,
    EmailResends,
    ResendRules,
    NotificationSettingsService,
    UnsubscribeService,
    UnsubscribeLinks,
    // The way of a mail, from the job to the mail server and back.
    SendEmailHandler,
    EmailDelivery,
    EmailSuppressions,
    EmailSender,
    EmailRecorder,
    EmailRetentionHandler,
  ],
  exports: [EmailFanout],
})
export class EmailsModule {}
