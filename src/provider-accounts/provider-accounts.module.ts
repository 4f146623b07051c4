import { Module } from '@nestjs/common';
import { CallbackTokensModule } from '../callbacks/callback-tokens.module.js';
import { AccountAnswers } from './account-answers.js';
import { AccountCredentials } from './account-credentials.js';
import { AccountValidation } from './account-validation.js';
import { AccountWebhooks } from './account-webhooks.js';
import { ProviderAccountsController } from './provider-accounts.controller.js';
import { ProviderAccountsService } from './provider-accounts.service.js';
import { ProvidersController } from './providers.controller.js';

/** The merchants' own accounts at providers. */
@Module({
  imports: [CallbackTokensModule],
  controllers: [ProviderAccountsController, ProvidersController],
  providers: [AccountAnswers, AccountCredentials, AccountValidation, AccountWebhooks, ProviderAccountsService],
  exports: [AccountWebhooks, ProviderAccountsService],
})
export class ProviderAccountsModule {}
