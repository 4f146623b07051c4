import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ApiKeyGuard } from './api-keys/api-key.guard.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { BalancesModule } from './balances/balances.module.js';
import { CallbacksModule } from './callbacks/callbacks.module.js';
import { CollectionsModule } from './collections/collections.module.js';
import { ConfigModule, type Seams } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { EgressModule } from './egress/egress.module.js';
import { EmailsModule } from './emails/emails.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';
import { ProblemFilter } from './http/problem.filter.js';
import { UnlistedInputInterceptor } from './http/unlisted-input.interceptor.js';
import { createValidationPipe } from './http/validation.pipe.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { LinksModule } from './links/links.module.js';
import { MerchantsModule } from './merchants/merchants.module.js';
import { MethodsModule } from './methods/methods.module.js';
import { MetricsEndpointModule } from './metrics/metrics-endpoint.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { ProviderAccountsModule } from './provider-accounts/provider-accounts.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { RateLimitsModule } from './rate-limits/rate-limits.module.js';
import { RealtimeModule } from './realtime/realtime.module.js';
import { RedisModule } from './redis/redis.module.js';
import { RefundsModule } from './refunds/refunds.module.js';
import { RulingsModule } from './rulings/rulings.module.js';
import { SecretsModule } from './secrets/secrets.module.js';
import { TransactionsModule } from './transactions/transactions.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The whole gateway, by feature. */
@Module({})
export class AppModule {
  static with(settings: Settings, seams: Seams): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(settings, seams),
        SecretsModule,
        DatabaseModule,
        RedisModule,
        EgressModule,
        RateLimitsModule,
        MetricsModule,
        JobsModule.with(settings),
        ProvidersModule,
        ProviderAccountsModule,
        ApiKeysModule,
        MerchantsModule,
        TransactionsModule,
        CollectionsModule,
        PayoutsModule,
        LimitsModule,
        ApprovalsModule,
        RefundsModule,
        LinksModule,
        RulingsModule,
        IdempotencyModule,
        CallbacksModule,
        EventsModule,
        EmailsModule,
        WebhooksModule,
        RealtimeModule,
        HealthModule,
        MethodsModule,
        BalancesModule,
        MetricsEndpointModule,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_GUARD, useClass: ApiKeyGuard },
        { provide: APP_INTERCEPTOR, useClass: UnlistedInputInterceptor },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
    };
  }
}
