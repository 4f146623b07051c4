import { Global, Module, type OnApplicationShutdown, Inject } from '@nestjs/common';
import { systemClock, type Clock, type IdSource, type Scheduler } from '#libs/primitives';
import { createHttpClient, createRateLimiter, type ClosableHttpClient } from '#libs/provider-kit';
import { CLOCK, IDS, SCHEDULER } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { EgressGuard } from '../egress/egress-guard.js';
import { RedisLink } from '../redis/redis-link.js';
import { SecretBox } from '../secrets/secret-box.js';
import { ProviderConnections } from './connections.js';
import { PROVIDER_HTTP, PROVIDER_LIMITER, PROVIDER_REQUEST_TIMEOUT_MS, PROVIDER_TOKENS } from './provider-ports.js';
import { ProviderTokenStore } from './provider-token-store.js';
import { SharedRateLimiter } from './shared-rate-limiter.js';
import { SharedTokenCache } from './shared-token-cache.js';

/** What adapters need from the world, made once for all accounts. */
@Global()
@Module({
  providers: [
    ProviderConnections,
    {
      provide: PROVIDER_HTTP,
      inject: [CLOCK, EgressGuard],
      useFactory: (clock: Clock, guard: EgressGuard) =>
        createHttpClient({ clock, guard, defaultTimeoutMs: PROVIDER_REQUEST_TIMEOUT_MS }),
    },
    {
      provide: ProviderTokenStore,
      inject: [Database, SecretBox, CLOCK, IDS],
      useFactory: createTokenStore,
    },
    {
      provide: PROVIDER_TOKENS,
      inject: [ProviderTokenStore, CLOCK],
      useFactory: (store: ProviderTokenStore, clock: Clock) => new SharedTokenCache(store, clock),
    },
    {
      provide: PROVIDER_LIMITER,
      inject: [RedisLink, CLOCK, SCHEDULER],
      useFactory: (redis: RedisLink, clock: Clock, scheduler: Scheduler) =>
        new SharedRateLimiter(redis, createRateLimiter({ clock, scheduler }), scheduler),
    },
  ],
  exports: [ProviderConnections, PROVIDER_LIMITER],
})
export class ProvidersModule implements OnApplicationShutdown {
  constructor(@Inject(PROVIDER_HTTP) private readonly http: ClosableHttpClient) {}

  onApplicationShutdown(): void {
    this.http.close();
  }
}

// Time that is moved by hand is the same for everybody; the machines' own clocks are not.
function createTokenStore(database: Database, secrets: SecretBox, clock: Clock, ids: IdSource): ProviderTokenStore {
  const sharesDatabase = database.kind === 'mysql' && clock === systemClock;
  return new ProviderTokenStore(database, secrets, clock, ids, sharesDatabase ? 'database' : 'process');
}
