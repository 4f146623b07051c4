import { Inject, Injectable } from '@nestjs/common';
import type { RandomBytes } from '#libs/primitives';
import { RANDOM } from '../config/config.module.js';
import { SecretBox } from '../secrets/secret-box.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { makeSigningSecret } from './webhook-signature.js';

// An endpoint has one or two.
const REMEMBERED = 5_000;

/** The signing secrets of endpoints: made here, sealed at rest, opened to sign and remembered while they are in use. */
@Injectable()
export class EndpointSecrets {
  private readonly opened = new Map<string, string>();

  constructor(
    private readonly box: SecretBox,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** A new secret, once in the clear for the merchant and once sealed for the row. */
  make(endpointId: string): { readonly secret: string; readonly sealedSecret: string } {
    const secret = makeSigningSecret(this.random);
    return { secret, sealedSecret: this.box.seal(secret, endpointSecretPlace(endpointId)) };
  }

  /** The secrets that sign at this instant: the present one, and during an overlap the one before. */
  openAll(endpoint: Sealed, now: number): readonly [string, ...string[]] {
    const { id, sealedPreviousSecret, previousSecretEndsAt } = endpoint;
    const current = this.openCurrent(endpoint);
    if (sealedPreviousSecret === null || previousSecretEndsAt === null || previousSecretEndsAt <= now) return [current];
    return [current, this.open(sealedPreviousSecret, previousEndpointSecretPlace(id))];
  }

  /** What a rotation changes in the row, and the new secret in the clear. Overlap in ms; 0: the old one ends at once. */
  rotate(endpoint: Sealed, overlapMs: number, now: number): { readonly secret: string; readonly row: RotatedSecret } {
    const { secret, sealedSecret } = this.make(endpoint.id);
    if (overlapMs === 0)
      return { secret, row: { sealedSecret, sealedPreviousSecret: null, previousSecretEndsAt: null } };
    const sealedPreviousSecret = this.box.seal(this.openCurrent(endpoint), previousEndpointSecretPlace(endpoint.id));
    return { secret, row: { sealedSecret, sealedPreviousSecret, previousSecretEndsAt: now + overlapMs } };
  }

  private openCurrent({ id, sealedSecret }: Sealed): string {
    return this.open(sealedSecret, endpointSecretPlace(id));
  }

  private open(sealed: string, place: string): string {
    const key = `${place} ${sealed}`;
    const known = this.opened.get(key);
    if (known !== undefined) return known;
    const secret = this.box.open(sealed, place);
    if (this.opened.size >= REMEMBERED) this.opened.clear();
    this.opened.set(key, secret);
    return secret;
  }
}

type Sealed = Pick<WebhookEndpoint, 'id' | 'sealedSecret' | 'sealedPreviousSecret' | 'previousSecretEndsAt'>;
type RotatedSecret = Pick<WebhookEndpoint, 'sealedSecret' | 'sealedPreviousSecret' | 'previousSecretEndsAt'>;

/** Where an endpoint's signing secret is sealed. */
export function endpointSecretPlace(endpointId: string): string {
  return `webhook_endpoints/${endpointId}/secret`;
}

/** Where the secret before the last rotation is sealed. */
export function previousEndpointSecretPlace(endpointId: string): string {
  return `webhook_endpoints/${endpointId}/previous-secret`;
}
