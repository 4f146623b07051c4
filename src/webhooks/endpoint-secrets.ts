import { Inject, Injectable } from '@nestjs/common';
import type { RandomBytes } from '#libs/primitives';
import { RANDOM } from '../config/config.module.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { makeSigningSecret } from './webhook-signature.js';

/** The signing secrets of endpoints: made here, sealed at rest, opened to sign. */
@Injectable()
export class EndpointSecrets {
  constructor(
    private readonly box: SecretBox,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** A new secret, once in the clear for the merchant and once sealed for the row. */
  make(endpointId: string): { readonly secret: string; readonly sealedSecret: string } {
    const secret = makeSigningSecret(this.random);
    return { secret, sealedSecret: this.box.seal(secret, endpointSecretPlace(endpointId)) };
  }

  open({ id, sealedSecret }: Pick<WebhookEndpoint, 'id' | 'sealedSecret'>): string {
    return this.box.open(sealedSecret, endpointSecretPlace(id));
  }
}

/** Where an endpoint's signing secret is sealed. */
export function endpointSecretPlace(endpointId: string): string {
  return `webhook_endpoints/${endpointId}/secret`;
}
