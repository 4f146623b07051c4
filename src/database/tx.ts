import { Logger } from '@nestjs/common';
import type { EntityManager, EntityTarget, ObjectLiteral } from 'typeorm';
import { toInsert } from './statements.js';

/** What work may do that only adds rows, in whichever way they are written. */
export interface Inserts {
  /** Inserts whole rows with one statement. No rows, no statement. */
  insert<E extends ObjectLiteral>(entity: EntityTarget<E>, rows: readonly E[]): Promise<void>;
  /** What must follow the commit, such as waking a worker. */
  afterCommit(work: () => void): void;
}

/** What follows a commit. */
export class Followers {
  private readonly logger = new Logger('Database');
  private readonly works: (() => void)[] = [];

  add(work: () => void): void {
    this.works.push(work);
  }

  /** The commit is durable. Never throws: nothing that follows can undo it. */
  committed(): void {
    for (const work of this.works) {
      try {
        work();
      } catch (error) {
        this.logger.error({ err: error }, 'Something that should follow a commit failed.');
      }
    }
  }
}

/** One database transaction in progress. Await nothing in it but its own statements: other writers wait. */
export class Tx implements Inserts {
  private readonly followers = new Followers();

  constructor(readonly manager: EntityManager) {}

  async insert<E extends ObjectLiteral>(entity: EntityTarget<E>, rows: readonly E[]): Promise<void> {
    if (rows.length === 0) return;
    const { sql, values } = toInsert(this.manager.dataSource, entity, rows);
    await this.manager.query(sql, [...values]);
  }

  afterCommit(work: () => void): void {
    this.followers.add(work);
  }

  /** For the database alone: the commit is durable. */
  committed(): void {
    this.followers.committed();
  }
}
