import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { RawCallback } from '#libs/provider-kit';
import { BalanceAnswers } from '../balances/balance-answers.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { again, DONE, type JobHandler, type JobResult, type JobTurn } from '../jobs/job-handler.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Jobs } from '../jobs/jobs.js';
import { PROVIDER_REQUEST_TIMEOUT_MS } from '../providers/provider-ports.js';
import { Attempt, type CallbackHint } from '../transactions/attempt.entity.js';
import { Attempts } from '../transactions/attempts.js';
import { toStatusEvidence } from '../transactions/evidence-of.js';
import { canLookUp, Inquiries } from '../transactions/inquiries.js';
import { Routes } from '../transactions/routes.js';
import type { Route } from '../transactions/routing.js';
import { TransactionLifecycle } from '../transactions/transaction-lifecycle.js';
import { TransactionReader } from '../transactions/transaction-reader.js';
import type { Transaction } from '../transactions/transaction.entity.js';
import { AccountCallbacks, type Matched } from './account-callbacks.js';
import { CallbackToken } from './callback-token.entity.js';
import { Callback, type CallbackTrustWord } from './callback.entity.js';
import { findMismatches } from './callback-match.js';
import { isEvidence, isKnown, type ReadMessage } from './callback-weight.js';

// A Result can be faster than the acknowledgement that tells us its ids.
const EARLY_RETRY_MS = 1_000;

interface Letter {
  readonly callback: Callback;
  readonly token: CallbackToken;
  readonly attempt: Attempt;
  readonly transaction: Transaction;
  readonly route: Route;
}

/**
 * Makes sense of a stored callback. Proven and fitting: evidence. Not proven, or of a provider whose genuine messages want to
 * be confirmed: a hint, noted with the attempt, that makes us ask the provider at once. Anything else is kept and moves nothing.
 */
@Injectable()
export class ApplyCallbackHandler implements JobHandler, OnModuleInit {
  readonly kind = 'apply_callback';

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionReader,
    private readonly attempts: Attempts,
    private readonly routes: Routes,
    private readonly inquiries: Inquiries,
    private readonly lifecycle: TransactionLifecycle,
    private readonly balances: BalanceAnswers,
    private readonly jobs: Jobs,
    private readonly runner: JobRunner,
    private readonly accountCallbacks: AccountCallbacks,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.runner.register(this);
  }

  async run(callbackId: string, turn: JobTurn): Promise<JobResult> {
    const callback = await this.database.read.findOne(Callback, { where: { id: callbackId } });
    // Nobody ever gave out the path of a message that belongs to no account.
    if (callback?.state !== 'received' || callback.merchantId === null) return DONE;
    const token = await this.database.read.findOneOrFail(CallbackToken, { where: { tokenHash: callback.tokenHash } });
    if (token.balanceQuestionId !== null) return this.balances.apply(callback, token);
    const found = await this.findAttempt(callback, token, turn);
    if (found.kind !== 'attempt') return found;
    const { attempt } = found;
    const transaction = await this.transactions.find(attempt.transactionId);
    if (!transaction) return DONE;
    const route = await this.routes.ofAttempt(attempt, transaction);
    return this.apply({ callback, token, attempt, transaction, route });
  }

  private async findAttempt(callback: Callback, token: CallbackToken, turn: JobTurn): Promise<Matched> {
    const { attemptId } = callback;
    if (attemptId !== null) return { kind: 'attempt', attempt: await this.attempts.get(attemptId) };
    return this.accountCallbacks.match(callback, toRaw({ callback, token }), turn);
  }

  private async apply(letter: Letter): Promise<JobResult> {
    const { attempt, transaction, token, route } = letter;
    const { callbacks } = this.routes.connect(route);
    const raw = toRaw(letter);
    const trust = callbacks?.authenticate(raw) ?? 'forged';
    if (trust === 'forged') return this.noteUnusable(letter, trust);
    const message = callbacks?.parse(raw);
    if (!message) return this.noteUnusable(letter, 'unreadable');
    const mismatches = findMismatches(message, attempt, transaction, callbacks?.account);
    const wantsInquiry = callbacks?.confirmByInquiry === true;
    const read: ReadMessage = { message, trust, wantsInquiry, attempt, token, mismatches };
    if (trust === 'path' && !isKnown(read) && this.maySoonBeKnown(letter)) {
      return again(this.clock.now() + EARLY_RETRY_MS);
    }
    if (!isEvidence(read)) return this.noteHint(letter, read);
    if (await this.learn(letter, read)) return this.settle(letter, read);
    return this.noteHint(letter, { ...read, mismatches: ['provider reference'] });
  }

  /** The acknowledgement of what it answers, with the ids that it names, may still be on its way to us. */
  private maySoonBeKnown(letter: Letter): boolean {
    const { attempt, transaction, token } = letter;
    if (!isAnswerToInquiry(letter)) return transaction.status === 'submitting' && transaction.attemptId === attempt.id;
    return token.asked === null && this.clock.now() < token.createdAt + PROVIDER_REQUEST_TIMEOUT_MS;
  }

  /** Bytes on our secret path that we cannot use still mean that something happened: ask. */
  private async noteUnusable(letter: Letter, trust: 'forged' | 'unreadable'): Promise<JobResult> {
    const { callback, attempt, transaction } = letter;
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      event: 'noted',
      evidence: { source: 'callback', says: 'unknown', trust, detail: `A callback came that is ${trust}.` },
      alongside: async (tx) => {
        await markApplied(tx, callback, trust, 'Kept; it moved nothing.');
        if (trust === 'unreadable' && !isAnswerToInquiry(letter)) await this.askNow(tx, attempt);
      },
    });
    return DONE;
  }

  /** Binds the ids that evidence names. False where another attempt has them: then it is none. */
  private learn({ attempt }: Letter, { message }: ReadMessage): Promise<boolean> {
    return this.database.write((tx) => this.attempts.bindReferences(tx, attempt, message.references));
  }

  private async settle(letter: Letter, { message, trust }: ReadMessage): Promise<JobResult> {
    const answers = isAnswerToInquiry(letter);
    await this.inquiries.settle(letter.attempt.id, message.report, {
      source: answers ? 'inquiry' : 'callback',
      ...(answers && { askedAt: letter.token.createdAt }),
      trust,
      alongside: (tx, { transaction }) =>
        markApplied(tx, letter.callback, trust, `Evidence; the transaction is ${transaction.status}.`),
    });
    return DONE;
  }

  private async noteHint(letter: Letter, read: ReadMessage): Promise<JobResult> {
    const { callback, attempt, transaction } = letter;
    const { message, mismatches } = read;
    const asks = !isAnswerToInquiry(letter);
    const trust = read.trust === 'signed' ? read.trust : 'unsigned';
    await this.lifecycle.report({
      transactionId: transaction.id,
      attemptId: attempt.id,
      event: 'noted',
      evidence: {
        ...toStatusEvidence('callback', message.report),
        trust: mismatches.length === 0 ? trust : 'mismatch',
        ...(mismatches.length > 0 && { detail: `It does not fit: ${mismatches.join(', ')}.` }),
      },
      alongside: async (tx) => {
        const fits = mismatches.length === 0 && (await this.learnToAsk(tx, letter, read));
        await tx.manager.update(Attempt, { id: attempt.id }, { hint: this.toHint(letter, read, fits) });
        const outcome = asks ? 'A hint; the provider is being asked.' : 'A hint; the provider will be asked again.';
        await markApplied(tx, callback, fits ? trust : 'mismatch', outcome);
        // An answer that we could not use is asked for again by the schedule: at once, the two of us might never end.
        if (asks) await this.askNow(tx, attempt);
      },
    });
    return DONE;
  }

  /**
   * The answer to the submit may be lost: then this is where we learn what to ask by. Otherwise nothing is learned from a
   * hint: ids that it brought would make the next message of its sender known. False where another attempt has them.
   */
  private async learnToAsk(tx: Tx, { attempt, route }: Letter, { message }: ReadMessage): Promise<boolean> {
    return canLookUp(attempt, route.operation) || this.attempts.bindReferences(tx, attempt, message.references);
  }

  private toHint({ callback, attempt, ...letter }: Letter, { message }: ReadMessage, matches: boolean): CallbackHint {
    const { report } = message;
    return {
      callbackId: callback.id,
      says: report.kind,
      matches,
      receipt: report.kind === 'succeeded' ? (report.receipt ?? null) : null,
      at: isAnswerToInquiry(letter) ? attempt.sentAt : this.clock.now(),
    };
  }

  private askNow(tx: Tx, attempt: Attempt): Promise<void> {
    return this.jobs.ensure(tx, { kind: 'inquire', subjectId: attempt.id, runAt: this.clock.now() });
  }
}

async function markApplied(tx: Tx, callback: Callback, trust: CallbackTrustWord, outcome: string): Promise<void> {
  await tx.manager.update(Callback, { id: callback.id }, { state: 'applied', trust, outcome });
}

function toRaw({ callback, token }: Pick<Letter, 'callback' | 'token'>): RawCallback {
  const { httpMethod, headers, body, sourceAddress } = callback;
  return { method: httpMethod, headers, body, sourceAddress, purpose: token.purpose };
}

/** Whether it came on a path that was made for one question of ours. */
function isAnswerToInquiry({ token, route }: Pick<Letter, 'token' | 'route'>): boolean {
  return route.operation.inquiryCallbackPurposes.includes(token.purpose);
}
