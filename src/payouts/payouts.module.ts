import { Module } from '@nestjs/common';
import { LimitsModule } from '../limits/limits.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { PayoutsController } from './payouts.controller.js';
import { PayoutsService } from './payouts.service.js';

/** Money out. */
@Module({ imports: [LimitsModule, TransactionsModule], controllers: [PayoutsController], providers: [PayoutsService] })
export class PayoutsModule {}
