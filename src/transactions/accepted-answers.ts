import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { watchHangUp } from '../http/prefer.js';
import type { Accepted } from './accept-request.js';
import { AnswerWaits } from './answer-waits.js';
import { TransactionReader } from './transaction-reader.js';
import { TransactionResponse } from './transaction.response.js';

/** Something that was taken in, now or by an earlier equal request. */
export type Taken = Exclude<Accepted, { kind: 'refused' }>;

/** How every POST that makes a transaction answers. */
@Injectable()
export class AcceptedAnswers {
  constructor(
    private readonly waits: AnswerWaits,
    private readonly transactions: TransactionReader,
  ) {}

  /**
   * Sets status and headers, and answers with the body: the object as it was created; or, where the client would wait so many
   * seconds, as it is when it is final or the client must act, at the latest then.
   */
  async toBody(accepted: Taken, waitSeconds: number | undefined, reply: FastifyReply): Promise<object> {
    const { transaction } = accepted;
    if (accepted.kind === 'replayed') void reply.status(accepted.statusCode).header('idempotent-replayed', 'true');
    if (!('id' in transaction) || typeof transaction.id !== 'string') return transaction;
    void reply.header('location', `/v1/transactions/${transaction.id}`);
    if (waitSeconds === undefined) return transaction;
    const waited = await this.waits.until(transaction.id, {
      waitMs: waitSeconds * 1_000,
      hangUp: watchHangUp(reply),
    });
    if (waited) void reply.header('preference-applied', `wait=${String(waitSeconds)}`);
    const current = await this.transactions.find(transaction.id);
    return current ? TransactionResponse.from(current) : transaction;
  }
}
