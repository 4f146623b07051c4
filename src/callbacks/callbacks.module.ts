import { Module } from '@nestjs/common';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ApplyCallbackHandler } from './apply-callback.handler.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackLogController } from './callback-log.controller.js';
import { CallbackLog } from './callback-log.js';
import { CallbackTokensModule } from './callback-tokens.module.js';
import { CallbacksController } from './callbacks.controller.js';

/** What providers tell us: stored raw, answered at once, believed only as far as it deserves. */
@Module({
  imports: [CallbackTokensModule, TransactionsModule],
  controllers: [CallbacksController, CallbackLogController],
  providers: [ApplyCallbackHandler, CallbackInbox, CallbackLog],
})
export class CallbacksModule {}
