import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { OperationFacts, StatusReport } from '#libs/provider-kit';
import { CallbackTokens } from '../callbacks/callback-tokens.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Attempt } from './attempt.entity.js';

/** How long the answer to a question may take to come by callback before it counts as lost. */
export const ANSWER_LIFE_MS = 2 * 60_000;

/** Questions to providers that answer by callback: each gets paths of its own, so a lost answer is simply asked for again. */
@Injectable()
export class Questions {
  constructor(
    private readonly database: Database,
    private readonly tokens: CallbackTokens,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Stores fresh paths for the answer before anything is asked. Answers the URLs; none where the provider answers at once. */
  async open(attempt: Attempt, { inquiryCallbackPurposes }: OperationFacts): Promise<Readonly<Record<string, string>>> {
    if (inquiryCallbackPurposes.length === 0) return {};
    return this.database.write(async (tx) => {
      await tx.manager.update(Attempt, { id: attempt.id }, { askedAt: this.clock.now() });
      return this.tokens.issue(tx, attempt, inquiryCallbackPurposes);
    });
  }

  /** Keeps the ids by which the answer will name its question, in the caller's transaction. */
  async noteAsked(tx: Tx, urls: Readonly<Record<string, string>>, report: StatusReport): Promise<void> {
    if (report.kind === 'asked' && report.references) await this.tokens.noteAsked(tx, urls, report.references);
  }
}

/** Whether the provider's answers come by callback, and the last question of the schedule was asked. */
export function findLastQuestion(attempt: Attempt, operation: OperationFacts, from: number): number | undefined {
  const { inquiryCallbackPurposes, inquirySchedule } = operation;
  if (inquiryCallbackPurposes.length === 0 || attempt.askedAt === null) return undefined;
  return attempt.askedAt >= from + (inquirySchedule.at(-1) ?? 0) ? attempt.askedAt : undefined;
}

/** How long after the last question people are asked. */
export function findAnswerLife({ inquiryCallbackPurposes }: OperationFacts): number {
  return inquiryCallbackPurposes.length === 0 ? 0 : ANSWER_LIFE_MS;
}
