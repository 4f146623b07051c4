import { Module } from '@nestjs/common';
import { CircuitsModule } from '../circuits/circuits.module.js';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { MethodsController } from './methods.controller.js';
import { MethodsService } from './methods.service.js';

/** The ways of paying that a merchant can use. */
@Module({
  imports: [CircuitsModule, ProviderAccountsModule, TransactionsModule],
  controllers: [MethodsController],
  providers: [MethodsService],
  exports: [MethodsService],
})
export class MethodsModule {}
