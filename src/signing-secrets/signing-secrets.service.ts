import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource, RandomBytes } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK, IDS, RANDOM } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import { SecretBox } from '../secrets/secret-box.js';
import { makeSigningSecret } from '../webhooks/webhook-signature.js';
import { SigningSecret } from './signing-secret.entity.js';

const HOUR_MS = 3_600_000;

/** Whose secret. */
export interface SecretOwner {
  readonly merchantId: string;
  readonly mode: Mode;
}

/** A secret in the clear, for its owner. */
export interface OpenSecret {
  readonly secret: string;
  readonly row: SigningSecret;
}

/** One signing secret for each merchant and mode, made when it is first needed. */
@Injectable()
export class SigningSecretsService {
  constructor(
    private readonly database: Database,
    private readonly box: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** The secret of this moment; makes it where there was none. */
  async get(owner: SecretOwner): Promise<OpenSecret> {
    const row = (await this.find(owner)) ?? (await this.make(owner));
    return { secret: this.open(row), row };
  }

  /** Those that sign notices at this instant: the present one, and during an overlap the one before. */
  async openAll(owner: SecretOwner): Promise<readonly [string, ...string[]]> {
    const { secret, row } = await this.get(owner);
    const { id, sealedPreviousSecret, previousSecretEndsAt } = row;
    const isOver = previousSecretEndsAt === null || previousSecretEndsAt <= this.clock.now();
    if (sealedPreviousSecret === null || isOver) return [secret];
    return [secret, this.box.open(sealedPreviousSecret, previousSigningSecretPlace(id))];
  }

  /** A new secret. The old one signs notices beside it for so many hours. */
  async rotate(owner: SecretOwner, overlapHours: number): Promise<OpenSecret> {
    const { row: known } = await this.get(owner);
    return this.database.write(async (tx) => {
      const before = await tx.manager.findOneOrFail(SigningSecret, {
        where: { id: known.id },
        // Two at once stand in line: each answers a secret that was in force.
        ...(this.database.kind === 'mysql' && { lock: { mode: 'pessimistic_write' } }),
      });
      const now = this.clock.now();
      const secret = makeSigningSecret(this.random);
      const overlaps = overlapHours > 0;
      const changes = {
        sealedSecret: this.box.seal(secret, signingSecretPlace(before.id)),
        sealedPreviousSecret: overlaps ? this.box.seal(this.open(before), previousSigningSecretPlace(before.id)) : null,
        previousSecretEndsAt: overlaps ? now + overlapHours * HOUR_MS : null,
        updatedAt: now,
      };
      await tx.manager.update(SigningSecret, { id: before.id }, changes);
      return { secret, row: { ...before, ...changes } };
    });
  }

  private async find({ merchantId, mode }: SecretOwner): Promise<SigningSecret | undefined> {
    return (await this.database.read.findOne(SigningSecret, { where: { merchantId, mode } })) ?? undefined;
  }

  private async make(owner: SecretOwner): Promise<SigningSecret> {
    const now = this.clock.now();
    const id = this.ids.next('sgn');
    const row: SigningSecret = {
      id,
      merchantId: owner.merchantId,
      mode: owner.mode,
      sealedSecret: this.box.seal(makeSigningSecret(this.random), signingSecretPlace(id)),
      sealedPreviousSecret: null,
      previousSecretEndsAt: null,
      createdAt: now,
      updatedAt: now,
    };
    try {
      await this.database.write((tx) => tx.insert(SigningSecret, [row]));
      return row;
    } catch (error) {
      // Somebody else was faster: his is the one.
      const winner = isDuplicate(error) ? await this.find(owner) : undefined;
      if (!winner) throw error;
      return winner;
    }
  }

  private open({ id, sealedSecret }: SigningSecret): string {
    return this.box.open(sealedSecret, signingSecretPlace(id));
  }
}

/** Where a merchant's signing secret is sealed. */
export function signingSecretPlace(id: string): string {
  return `signing_secrets/${id}/secret`;
}

/** Where the one before the last rotation is sealed. */
export function previousSigningSecretPlace(id: string): string {
  return `signing_secrets/${id}/previous-secret`;
}
