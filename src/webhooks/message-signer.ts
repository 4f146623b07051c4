import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import type { WebhookMessage } from './webhook-message.js';
import type { OutgoingMessage } from './webhook-sender.js';
import type { WebhookTarget } from './webhook-targets.js';
import { signMessage } from './webhook-signature.js';

/** Major and minor number of the package: what receivers see and may write rules for. */
export const USER_AGENT = 'Malipo/0.1';

/** Signs messages as their endpoint expects it: Standard Webhooks 1.0.0. */
@Injectable()
export class MessageSigner {
  constructor(
    private readonly secrets: EndpointSecrets,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The id and the body are the same on every attempt; the timestamp, and with it the signature, are of this moment. */
  sign(endpoint: WebhookTarget, { id, body }: WebhookMessage): OutgoingMessage {
    const now = this.clock.now();
    const timestamp = Math.floor(now / 1_000);
    const signatures = (endpoint.secrets ?? this.secrets.openAll(endpoint, now)).map((secret) =>
      signMessage(secret, { id, timestamp, body }),
    );
    return {
      url: endpoint.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': USER_AGENT,
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatures.join(' '),
      },
      body,
    };
  }
}
