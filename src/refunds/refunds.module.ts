import { Module } from '@nestjs/common';
import { LimitsModule } from '../limits/limits.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { RefundDesk } from './refund-desk.js';
import { RefundLedger } from './refund-ledger.js';
import { RefundsController } from './refunds.controller.js';
import { RefundsService } from './refunds.service.js';

/** Money back. */
@Module({
  imports: [LimitsModule, TransactionsModule, WebhooksModule],
  controllers: [RefundsController],
  providers: [RefundDesk, RefundLedger, RefundsService],
})
export class RefundsModule {}
