import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { Operation } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { toKey } from './circuit.js';
import { ProviderCircuit } from './provider-circuit.entity.js';
import { ProviderNotice } from './provider-notice.entity.js';

/** What is not in order now: little, and most of the time nothing. */
interface Board {
  readonly open: ReadonlyMap<string, ProviderCircuit>;
  readonly notices: ReadonlySet<string>;
}

// Every request asks; what another process found out may reach us so much later.
const FRESH_MS = 1_000;

/** What all processes know together of the circuits that are open, as it stood a moment ago. */
@Injectable()
export class CircuitBoard {
  private known: { readonly readAt: number; readonly board: Promise<Board> } | undefined;

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined where the circuit is closed. */
  async findOpen(accountId: string, operation: Operation): Promise<ProviderCircuit | undefined> {
    return (await this.read()).open.get(toKey(accountId, operation));
  }

  /** Whether somebody was told of trouble and still waits for the good news. */
  async isTold(noticeHash: string): Promise<boolean> {
    return (await this.read()).notices.has(noticeHash);
  }

  /** For whoever has just changed something: the next look is a new one. */
  forget(): void {
    this.known = undefined;
  }

  private read(): Promise<Board> {
    const now = this.clock.now();
    if (this.known && now - this.known.readAt < FRESH_MS) return this.known.board;
    const board = this.select();
    const known = { readAt: now, board };
    this.known = known;
    // What could not be read is not kept.
    board.catch(() => {
      if (this.known === known) this.known = undefined;
    });
    return board;
  }

  private async select(): Promise<Board> {
    const [circuits, notices] = await Promise.all([
      this.database.read.find(ProviderCircuit, { where: { state: 'open' } }),
      this.database.read.find(ProviderNotice, { select: { noticeHash: true } }),
    ]);
    return {
      open: new Map(circuits.map((circuit) => [toKey(circuit.providerAccountId, circuit.operation), circuit])),
      notices: new Set(notices.map(({ noticeHash }) => noticeHash)),
    };
  }
}
