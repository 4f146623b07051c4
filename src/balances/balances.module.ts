import { Module } from '@nestjs/common';
import { CallbackTokensModule } from '../callbacks/callback-tokens.module.js';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { BalanceAnswers } from './balance-answers.js';
import { BalanceBook } from './balance-book.js';
import { BalanceInquiries } from './balance-inquiries.js';
import { BalanceRefreshes } from './balance-refreshes.js';
import { BalancesController } from './balances.controller.js';
import { BalancesService } from './balances.service.js';
import { RefreshBalanceHandler } from './refresh-balance.handler.js';

/** What the merchants' accounts at providers hold. */
@Module({
  imports: [CallbackTokensModule, ProviderAccountsModule, WebhooksModule],
  controllers: [BalancesController],
  providers: [BalanceAnswers, BalanceBook, BalanceInquiries, BalanceRefreshes, BalancesService, RefreshBalanceHandler],
  exports: [BalanceAnswers],
})
export class BalancesModule {}
