import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { HttpClient, Mode, Operation, Provider, ProviderDefinition, TokenCache } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Metrics } from '../metrics/metrics.js';
import type { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { SecretBox } from '../secrets/secret-box.js';
import { observeProvider } from './observed-provider.js';
import { PROVIDER_HTTP, PROVIDER_TOKENS } from './provider-ports.js';
import { getDefinition } from './registry.js';

/** Turns stored accounts into connected providers, and keeps them until the account changes. */
@Injectable()
export class ProviderConnections {
  private readonly logger = new Logger('Providers');
  private readonly connected = new Map<string, { version: number; provider: Provider }>();

  constructor(
    @Inject(PROVIDER_HTTP) private readonly http: HttpClient,
    @Inject(PROVIDER_TOKENS) private readonly tokens: TokenCache,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly secrets: SecretBox,
    private readonly metrics: Metrics,
  ) {}

  /** The adapter for this account. Throws where the stored credentials no longer open or no longer fit the schema. */
  connect(account: ProviderAccount): Provider {
    const known = this.connected.get(account.id);
    if (known?.version === account.version) return known.provider;
    const definition = getDefinition(account.provider);
    const credentials: unknown = JSON.parse(this.secrets.open(account.sealedCredentials, credentialsPlace(account.id)));
    const provider = this.connectWith(definition, account, credentials, account.settings);
    this.connected.set(account.id, { version: account.version, provider });
    return provider;
  }

  /**
   * Whether the account can do this. One whose credentials no longer open is not passed over: what goes there fails and
   * says why, where a route that quietly vanished would tell nobody.
   */
  offers(account: ProviderAccount, operation: Operation): boolean {
    try {
      return this.connect(account)[operation] !== undefined;
    } catch (error) {
      this.logger.error({ err: error, account: account.id }, 'A provider account cannot be connected.');
      return true;
    }
  }

  /** The same for credentials that are not stored (yet). */
  connectWith(
    definition: ProviderDefinition,
    account: { readonly id: string; readonly mode: Mode; readonly version: number },
    credentials: unknown,
    settings: unknown,
  ): Provider {
    const provider = definition.connect(
      {
        // Tokens belong to credentials: a changed account starts with a fresh one.
        id: `${account.id}.${String(account.version)}`,
        mode: account.mode,
        credentials: definition.credentials.parse(credentials),
        settings: definition.settings.parse(settings),
        baseUrl: findBaseUrl(definition, account.mode, settings),
      },
      { http: this.http, clock: this.clock, tokens: this.tokens },
    );
    return observeProvider(provider, (operation, outcome, durationMs) =>
      this.metrics.providerCalls.observe({ provider: definition.id, operation, outcome }, durationMs / 1_000),
    );
  }
}

/** Where an account's credentials are sealed. */
export function credentialsPlace(accountId: string): string {
  return `provider_accounts/${accountId}/credentials`;
}

/** The host that an account talks to. Only test mode may choose one: live money goes nowhere but to the provider's own. */
export function findBaseUrl(definition: ProviderDefinition, mode: Mode, settings: unknown): string {
  const own = definition.hosts[mode];
  if (mode !== 'test' || typeof settings !== 'object' || settings === null || !('baseUrl' in settings)) return own;
  return typeof settings.baseUrl === 'string' ? settings.baseUrl.replace(/\/+$/, '') : own;
}
