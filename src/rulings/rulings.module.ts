import { Module } from '@nestjs/common';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { RulingsController } from './rulings.controller.js';
import { RulingsService } from './rulings.service.js';

/** Two persons decide what no provider can tell. */
@Module({ imports: [TransactionsModule], controllers: [RulingsController], providers: [RulingsService] })
export class RulingsModule {}
