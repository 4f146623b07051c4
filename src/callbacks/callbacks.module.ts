import { Module } from '@nestjs/common';
import { BalancesModule } from '../balances/balances.module.js';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { AccountCallbacks } from './account-callbacks.js';
import { ApplyCallbackHandler } from './apply-callback.handler.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackLogController } from './callback-log.controller.js';
import { CallbackLog } from './callback-log.js';
import { CallbackOwners } from './callback-owners.js';
import { CallbackTokensModule } from './callback-tokens.module.js';
import { CallbacksController } from './callbacks.controller.js';
import { CustomerReturnsController } from './customer-returns.controller.js';
import { CustomerReturns } from './customer-returns.js';
import { StrayCallbacks } from './stray-callbacks.js';

/** What providers tell us: stored raw, answered at once, believed only as far as it deserves. */
@Module({
  imports: [BalancesModule, CallbackTokensModule, ProviderAccountsModule, TransactionsModule],
  controllers: [CallbacksController, CallbackLogController, CustomerReturnsController],
  providers: [
    AccountCallbacks,
    ApplyCallbackHandler,
    CallbackInbox,
    CallbackLog,
    CallbackOwners,
    CustomerReturns,
    StrayCallbacks,
  ],
})
export class CallbacksModule {}
