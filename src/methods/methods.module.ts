import { Module } from '@nestjs/common';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { MethodsController } from './methods.controller.js';
import { MethodsService } from './methods.service.js';

/** The ways of paying that a merchant can use. */
@Module({
  imports: [ProviderAccountsModule, TransactionsModule],
  controllers: [MethodsController],
  providers: [MethodsService],
})
export class MethodsModule {}
