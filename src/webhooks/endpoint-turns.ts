import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import { CLOCK } from '../config/config.module.js';

// Of the 256 places that deliveries have in a process (jobs/job-lanes.ts).
const AT_FIRST = 4;
const AT_MOST = 48;
const ALL_SLOW_TOGETHER = 64;

const FAST_MS = 500;
const SLOW_MS = 2_000;

// Who waits for a slow one waits long; others may be free again at any moment.
const LONGEST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_SLOW_MS = 30_000;

// What an endpoint that we do not know yet is taken for.
const TOOK_AT_FIRST_MS = 50;
const REMEMBERED = 5_000;

interface Line {
  underWay: number;
  mostUnderWay: number;
  slow: boolean;
  /** How long the latest attempt took. */
  tookMs: number;
  /** Until when those that were sent away will keep the line busy. */
  backlogUntil: number;
}

/** A turn to send, to be ended when the attempt is over; or how long to stay away. */
export type Turn =
  | { readonly kind: 'turn'; readonly end: (tookMs: number) => void }
  | { readonly kind: 'later'; readonly afterMs: number };

/**
 * Sees to it that one endpoint never delays another. An endpoint earns more attempts at once by answering fast; one that
 * lets us wait gets a single one, and all such endpoints together a part of the places. Whoever finds no place comes back
 * later, spread over the time that the line needs. In memory only: a restart forgets, and learns again.
 */
@Injectable()
export class EndpointTurns {
  private readonly lines = new Map<string, Line>();
  private slowUnderWay = 0;

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  take(endpointId: string): Turn {
    const line = this.findLine(endpointId);
    const full = line.underWay >= line.mostUnderWay || (line.slow && this.slowUnderWay >= ALL_SLOW_TOGETHER);
    if (full) return { kind: 'later', afterMs: this.queueUp(line) };
    const countsAsSlow = line.slow;
    line.underWay++;
    if (countsAsSlow) this.slowUnderWay++;
    return {
      kind: 'turn',
      end: (tookMs) => {
        line.underWay--;
        if (countsAsSlow) this.slowUnderWay--;
        learn(line, tookMs);
      },
    };
  }

  private queueUp(line: Line): number {
    const now = this.clock.now();
    const shareMs = Math.max(1, line.tookMs / line.mostUnderWay);
    const longestMs = line.slow ? LONGEST_PAUSE_SLOW_MS : LONGEST_PAUSE_MS;
    line.backlogUntil = Math.min(Math.max(line.backlogUntil, now) + shareMs, now + longestMs);
    return Math.ceil(line.backlogUntil - now);
  }

  private findLine(endpointId: string): Line {
    const known = this.lines.get(endpointId);
    if (known) return known;
    if (this.lines.size >= REMEMBERED) this.forgetIdle();
    const line = { underWay: 0, mostUnderWay: AT_FIRST, slow: false, tookMs: TOOK_AT_FIRST_MS, backlogUntil: 0 };
    this.lines.set(endpointId, line);
    return line;
  }

  private forgetIdle(): void {
    for (const [endpointId, line] of this.lines) if (line.underWay === 0) this.lines.delete(endpointId);
  }
}

function learn(line: Line, tookMs: number): void {
  line.tookMs = tookMs;
  if (tookMs >= SLOW_MS) {
    line.slow = true;
    line.mostUnderWay = 1;
  } else if (tookMs <= FAST_MS) {
    line.mostUnderWay = Math.min(line.slow ? AT_FIRST : line.mostUnderWay + 1, AT_MOST);
    line.slow = false;
  }
}
