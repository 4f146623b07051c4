import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DONE, type JobHandler, type JobResult } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { toFailure } from './failures.js';
import { TransactionLifecycle, type Report } from './transaction-lifecycle.js';
import { TransactionReader } from './transaction-reader.js';

/** Ends what was never sent when its time runs out. What was sent ends by the provider's word alone. */
@Injectable()
export class ExpireHandler implements JobHandler, OnModuleInit {
  readonly kind = 'expire';

  constructor(
    private readonly transactions: TransactionReader,
    private readonly lifecycle: TransactionLifecycle,
    private readonly runner: JobRunner,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(transactionId: string): Promise<JobResult> {
    const transaction = await this.transactions.find(transactionId);
    if (transaction?.status !== 'created' && transaction?.status !== 'awaiting_approval') return DONE;
    await this.lifecycle.report(toLapse(transactionId));
    return DONE;
  }
}

/** That a transaction's time ran out. It ends only what is not at the provider: the state table sees to that. */
export function toLapse(transactionId: string): Report {
  return {
    transactionId,
    event: 'lapsed',
    quiet: true,
    evidence: { source: 'system', says: 'expired', detail: 'Its time ran out before it could be sent.' },
    changes: { failure: toFailure('expired') },
  };
}
