import { Module } from '@nestjs/common';
import { CallbackTokensModule } from '../callbacks/callback-tokens.module.js';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { AcceptWriter } from './accept-writer.js';
import { AttemptClaims } from './attempt-claims.js';
import { Attempts } from './attempts.js';
import { ExpireHandler } from './expire.handler.js';
import { GuardSweeper } from './guard-sweeper.js';
import { Inquiries } from './inquiries.js';
import { InquireHandler } from './inquire.handler.js';
import { PhoneGuards } from './phone-guards.js';
import { Routes } from './routes.js';
import { Submissions } from './submissions.js';
import { SubmitHandler } from './submit.handler.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { TransactionReader } from './transaction-reader.js';
import { TransactionsController } from './transactions.controller.js';
import { TransactionsService } from './transactions.service.js';

/** The engine: one table of states, one writer of them, and the work that moves money. */
@Module({
  imports: [CallbackTokensModule, ProviderAccountsModule, WebhooksModule],
  controllers: [TransactionsController],
  providers: [
    AcceptWriter,
    AttemptClaims,
    Attempts,
    ExpireHandler,
    GuardSweeper,
    Inquiries,
    InquireHandler,
    PhoneGuards,
    Routes,
    Submissions,
    SubmitHandler,
    TransactionLifecycle,
    TransactionReader,
    TransactionsService,
  ],
  exports: [AcceptWriter, Attempts, Inquiries, PhoneGuards, Routes, TransactionLifecycle, TransactionReader],
})
export class TransactionsModule {}
