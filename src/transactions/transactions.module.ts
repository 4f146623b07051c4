import { Module } from '@nestjs/common';
import { CallbackTokensModule } from '../callbacks/callback-tokens.module.js';
import { PayoutControlsModule } from '../limits/payout-controls.module.js';
import { CircuitsModule } from '../circuits/circuits.module.js';
import { ProviderAccountsModule } from '../provider-accounts/provider-accounts.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { AcceptWriter } from './accept-writer.js';
import { AcceptedAnswers } from './accepted-answers.js';
import { AttemptClaims } from './attempt-claims.js';
import { Attempts } from './attempts.js';
import { ExpireHandler } from './expire.handler.js';
import { AnswerWaits } from './answer-waits.js';
import { GuardSweeper } from './guard-sweeper.js';
import { Inquiries } from './inquiries.js';
import { InquireHandler } from './inquire.handler.js';
import { OneTimeCodesService } from './one-time-codes.service.js';
import { PhoneGuards } from './phone-guards.js';
import { Questions } from './questions.js';
import { RecentAttempts } from './recent-attempts.js';
import { RefundFacts } from './refund-facts.js';
import { Routes } from './routes.js';
import { Submissions } from './submissions.js';
import { SubmitHandler } from './submit.handler.js';
import { TransactionIntake } from './transaction-intake.js';
import { TransactionLifecycle } from './transaction-lifecycle.js';
import { TransactionNews } from './transaction-news.js';
import { TransactionReader } from './transaction-reader.js';
import { TransactionsController } from './transactions.controller.js';
import { TransactionsService } from './transactions.service.js';

/** The engine: one table of states, one writer of them, and the work that moves money. */
@Module({
  imports: [CallbackTokensModule, CircuitsModule, PayoutControlsModule, ProviderAccountsModule, WebhooksModule],
  controllers: [TransactionsController],
  providers: [
    AcceptWriter,
    AcceptedAnswers,
    AttemptClaims,
    Attempts,
    ExpireHandler,
    AnswerWaits,
    GuardSweeper,
    Inquiries,
    InquireHandler,
    OneTimeCodesService,
    PhoneGuards,
    Questions,
    RecentAttempts,
    RefundFacts,
    Routes,
    Submissions,
    SubmitHandler,
    TransactionIntake,
    TransactionLifecycle,
    TransactionNews,
    TransactionReader,
    TransactionsService,
  ],
  exports: [
    AcceptWriter,
    AcceptedAnswers,
    Attempts,
    AnswerWaits,
    Inquiries,
    OneTimeCodesService,
    PhoneGuards,
    RecentAttempts,
    Routes,
    TransactionIntake,
    TransactionLifecycle,
    TransactionNews,
    TransactionReader,
  ],
})
export class TransactionsModule {}
