import { Inject, Injectable, Logger } from '@nestjs/common';
import { ZodError } from 'zod';
import type { Clock } from '#libs/primitives';
import type { CredentialCheck, Provider } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { credentialsPlace, ProviderConnections } from '../providers/connections.js';
import { SecretBox, UnsealError } from '../secrets/secret-box.js';
import type { ProviderAccount } from './provider-account.entity.js';

/** What a check of the credentials found, and when (epoch ms). */
export interface CheckResult {
  readonly status: CredentialCheck['kind'];
  readonly detail: string | null;
  readonly checkedAt: number;
}

/** The secret half of provider accounts: sealed, tried, and never shown. */
@Injectable()
export class AccountCredentials {
  private readonly logger = new Logger('ProviderAccounts');

  constructor(
    private readonly secrets: SecretBox,
    private readonly connections: ProviderConnections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  seal(accountId: string, credentials: Readonly<Record<string, unknown>>): string {
    return this.secrets.seal(JSON.stringify(credentials), credentialsPlace(accountId));
  }

  /** Which credentials are stored, by name. None where they no longer open: then none can be used. */
  namesOf({ id, sealedCredentials }: ProviderAccount): string[] {
    try {
      const credentials: unknown = JSON.parse(this.secrets.open(sealedCredentials, credentialsPlace(id)));
      return typeof credentials === 'object' && credentials !== null ? Object.keys(credentials) : [];
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      this.logger.error({ err: error, account: id }, 'The credentials of a provider account do not open.');
      return [];
    }
  }

  /** Tries the stored credentials at the provider. Moves no money. */
  async check(account: ProviderAccount): Promise<CheckResult> {
    const connected = this.connect(account);
    const check: CredentialCheck = 'check' in connected ? await connected.check() : connected;
    return { status: check.kind, detail: check.detail ?? null, checkedAt: this.clock.now() };
  }

  private connect(account: ProviderAccount): Provider | CredentialCheck {
    try {
      return this.connections.connect(account);
    } catch (error) {
      // Both are the operator's or merchant's to mend by sending the credentials again, and neither is our fault.
      if (!(error instanceof UnsealError) && !(error instanceof ZodError)) throw error;
      this.logger.error({ err: error, account: account.id }, 'A provider account cannot be connected.');
      return {
        kind: 'refused',
        detail: 'What is stored cannot be used any more. Send credentials and settings again.',
      };
    }
  }
}
