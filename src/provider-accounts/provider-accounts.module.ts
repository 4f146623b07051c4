import { Module } from '@nestjs/common';
import { AccountCredentials } from './account-credentials.js';
import { AccountValidation } from './account-validation.js';
import { ProviderAccountsController } from './provider-accounts.controller.js';
import { ProviderAccountsService } from './provider-accounts.service.js';
import { ProvidersController } from './providers.controller.js';

/** The merchants' own accounts at providers. */
@Module({
  controllers: [ProviderAccountsController, ProvidersController],
  providers: [AccountCredentials, AccountValidation, ProviderAccountsService],
  exports: [ProviderAccountsService],
})
export class ProviderAccountsModule {}
