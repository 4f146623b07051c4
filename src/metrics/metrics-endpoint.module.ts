import { Module, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { TransactionNews, type TransactionChange } from '../transactions/transaction-news.js';
import { isFinal } from '../transactions/transaction-states.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { DatabaseFigures } from './database-figures.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';

/** What an operator must see to sleep well. */
@Module({ imports: [TransactionsModule], controllers: [MetricsController], providers: [DatabaseFigures] })
export class MetricsEndpointModule implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly database: Database,
    private readonly news: TransactionNews,
  ) {}

  onModuleInit(): void {
    this.database.commits.listen((writer, size) => this.metrics.noteCommit(writer, size));
    this.news.follow((change) => count(this.metrics, change));
  }
}

function count(metrics: Metrics, { transaction, from }: TransactionChange): void {
  const { kind, method, mode, status, provider } = transaction;
  if (from === null) metrics.accepted.inc({ kind, method, mode });
  if (from !== status && isFinal(status)) metrics.final.inc({ kind, status, provider: provider ?? 'none', mode });
}
