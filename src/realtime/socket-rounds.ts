import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import { SCHEDULER, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { RealtimeSockets } from './realtime-sockets.js';
import { RealtimeTickets } from './realtime-tickets.js';
import { UpgradeGate } from './upgrade-gate.js';

/** A revoked key has its sockets for no longer than this. */
const ROUND_MS = 2_000;
const ROUNDS_TO_HEARTBEAT = 15;
const ROUNDS_TO_SWEEP = 1_800;
/** A socket that listens to nothing. */
const MOST_IDLE_MS = 60_000;

/** Looks after open sockets: ends those whose key has ended, who listen to nothing, or who are gone without a word. */
@Injectable()
export class SocketRounds implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Realtime');
  private cancel: () => void = () => undefined;
  private stopped = false;
  private round = 0;

  constructor(
    private readonly sockets: RealtimeSockets,
    private readonly gate: UpgradeGate,
    private readonly tickets: RealtimeTickets,
    @Inject(SCHEDULER) private readonly scheduler: Scheduler,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'role'>,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role !== 'worker') this.plan();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    this.cancel();
  }

  private plan(): void {
    if (!this.stopped) this.cancel = this.scheduler.after(ROUND_MS, () => void this.look());
  }

  private async look(): Promise<void> {
    this.round++;
    const open = this.sockets.all;
    for (const { idleMs, socket } of open) if (idleMs > MOST_IDLE_MS) socket.end('idle');
    if (this.round % ROUNDS_TO_HEARTBEAT === 0) for (const { socket } of open) socket.beat();
    try {
      await this.endTheEnded();
      if (this.round % ROUNDS_TO_SWEEP === 0) await this.tickets.sweep();
    } catch (error) {
      this.logger.warn({ err: error }, 'Keys of open sockets could not be looked up; trying again in a moment.');
    }
    this.plan();
  }

  private async endTheEnded(): Promise<void> {
    const open = this.sockets.all;
    const ended = new Set(await this.gate.findEnded(open.map(({ session }) => session)));
    for (const { session, socket } of open) if (ended.has(session)) socket.end('ended');
  }
}
