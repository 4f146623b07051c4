import { Logger } from '@nestjs/common';

/**
 * Which writer committed: `accept` gathers requests of clients, `sqlite` gathers whole transactions behind one sync,
 * `server` commits one transaction at a time.
 */
export type CommitWriter = 'accept' | 'sqlite' | 'server';

/** Told of every commit once it is durable, with how much shared it. */
export type CommitListener = (writer: CommitWriter, size: number) => void;

/** Tells whoever measures about commits; without a listener it costs a function call. */
export class CommitWatch {
  private readonly logger = new Logger('Database');
  private listener: CommitListener = () => undefined;

  /** Replaces the one who is told. */
  listen(listener: CommitListener): void {
    this.listener = listener;
  }

  /** Never throws: the commit stands, whatever a listener makes of it. */
  note(writer: CommitWriter, size: number): void {
    try {
      this.listener(writer, size);
    } catch (error) {
      this.logger.error({ err: error }, 'A commit could not be counted.');
    }
  }
}
