import { Module } from '@nestjs/common';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { MethodsModule } from '../methods/methods.module.js';
import { RealtimeModule } from '../realtime/realtime.module.js';
import { SigningSecretsModule } from '../signing-secrets/signing-secrets.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { ExpireLinkHandler } from './expire-link.handler.js';
import { LinkCreationService } from './link-creation.service.js';
import { LinkDrafts } from './link-drafts.js';
import { LinkFollower } from './link-follower.js';
import { LinkLife } from './link-life.js';
import { LinkMethods } from './link-methods.js';
import { LinkNonces } from './link-nonces.js';
import { LinkPaymentsService } from './link-payments.service.js';
import { LinkTokens } from './link-tokens.js';
import { LinkWebhooks } from './link-webhooks.js';
import { AssetsController } from './page/assets.controller.js';
import { Forms } from './page/forms.js';
import { PageController } from './page/page.controller.js';
import { PageLimits } from './page/page-limits.js';
import { PageViews } from './page/page-views.js';
import { Payments } from './page/payments.js';
import { Visits } from './page/visits.js';
import { PaymentLinksController } from './payment-links.controller.js';
import { PaymentLinksService } from './payment-links.service.js';

/** One thing to be paid once, on a page of ours. */
@Module({
  imports: [MerchantsModule, MethodsModule, RealtimeModule, SigningSecretsModule, TransactionsModule, WebhooksModule],
  controllers: [PaymentLinksController, AssetsController, PageController],
  providers: [
    PaymentLinksService,
    LinkCreationService,
    LinkDrafts,
    LinkMethods,
    LinkTokens,
    // A link's state, and what it follows from.
    LinkLife,
    LinkFollower,
    LinkWebhooks,
    ExpireLinkHandler,
    // The page.
    LinkPaymentsService,
    LinkNonces,
    Visits,
    PageViews,
    Forms,
    Payments,
    PageLimits,
  ],
})
export class LinksModule {}
