import { Logger } from '@nestjs/common';
import type { EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import { insertRows } from './insert-rows.js';

/**
 * One database transaction in progress. Await nothing in it but its own statements: other writers wait.
 * What must follow a commit, such as waking a worker, is handed to `afterCommit`.
 */
export class Tx {
  private readonly logger = new Logger('Database');
  private readonly followers: (() => void)[] = [];

  constructor(readonly manager: EntityManager) {}

  /** Inserts whole rows with one statement. No rows, no statement. */
  insert<E extends ObjectLiteral>(entity: EntityTarget<E>, rows: readonly E[]): Promise<void> {
    return insertRows(this.manager, entity, rows);
  }

  afterCommit(work: () => void): void {
    this.followers.push(work);
  }

  /** For the database alone: the commit is durable. Never throws: nothing that follows can undo it. */
  committed(): void {
    for (const follow of this.followers) {
      try {
        follow();
      } catch (error) {
        this.logger.error({ err: error }, 'Something that should follow a commit failed.');
      }
    }
  }
}
