import { Module } from '@nestjs/common';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ApplyCallbackHandler } from './apply-callback.handler.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackTokensModule } from './callback-tokens.module.js';
import { CallbacksController } from './callbacks.controller.js';

/** What providers tell us: stored raw, answered at once, believed only as far as it deserves. */
@Module({
  imports: [CallbackTokensModule, TransactionsModule],
  controllers: [CallbacksController],
  providers: [ApplyCallbackHandler, CallbackInbox],
})
export class CallbacksModule {}
