import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { SigningSecretsService } from '../signing-secrets/signing-secrets.service.js';
import { WebhookTargets, type WebhookTarget } from '../webhooks/webhook-targets.js';
import { PaymentLink } from './payment-link.entity.js';

/** A link's `callbackUrl` as a target of deliveries: signed with the merchant's own secret, never disabled. */
@Injectable()
export class LinkWebhooks implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly secrets: SigningSecretsService,
    private readonly targets: WebhookTargets,
  ) {}

  onModuleInit(): void {
    this.targets.register('lnk', (id) => this.find(id));
  }

  private async find(id: string): Promise<WebhookTarget | undefined> {
    const link = await this.database.read.findOne(PaymentLink, { where: { id } });
    if (link?.callbackUrl == null) return undefined;
    const { merchantId, mode, callbackUrl, createdAt } = link;
    return {
      ...{ id, merchantId, mode, url: callbackUrl, createdAt, updatedAt: createdAt },
      events: ['payment_link.*'],
      description: null,
      enabled: true,
      disabledReason: null,
      sealedSecret: '',
      sealedPreviousSecret: null,
      previousSecretEndsAt: null,
      failingSince: null,
      failingAnnounced: false,
      secrets: await this.secrets.openAll(link),
      // A shop has one receiver for all its links: if it is slow, they wait for each other and for nobody else.
      line: `${merchantId} ${mode} ${new URL(callbackUrl).origin}`,
    };
  }
}
