import { Injectable, Logger } from '@nestjs/common';
import type { EventStream } from './event-position.entity.js';

/** How far a stream is numbered now. */
export interface StreamPosition extends EventStream {
  readonly position: number;
}

type Follower = (news: StreamPosition) => void;

/**
 * What this process just numbered, for those who hand events on. Never the only source: what other processes numbered is in
 * the database alone.
 */
@Injectable()
export class PositionNews {
  private readonly logger = new Logger('Events');
  private readonly followers = new Set<Follower>();

  /** Calls the follower after each commit until the answer is called. */
  follow(follower: Follower): () => void {
    this.followers.add(follower);
    return () => void this.followers.delete(follower);
  }

  announce(news: StreamPosition): void {
    for (const follower of this.followers) {
      try {
        follower(news);
      } catch (error) {
        this.logger.error({ err: error, ...news }, 'News of numbered events failed.');
      }
    }
  }
}
