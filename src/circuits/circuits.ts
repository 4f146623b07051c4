import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '#libs/primitives';
import type { Operation } from '#libs/provider-kit';
import { CLOCK } from '../config/config.module.js';
import { HEALTH_SPAN_MS, type Health } from '../methods/method-health.js';
import { CircuitBoard } from './circuit-board.js';
import { CircuitBreaker, LOOK_AGAIN_MS, type Served } from './circuit-breaker.js';
import { CircuitChanges } from './circuit-changes.js';
import { toKey, type Circuit } from './circuit.js';
import type { Service } from './outcome-health.js';
import type { ProviderCircuit } from './provider-circuit.entity.js';

/** What came through, or when (epoch ms) to look again. */
export type Passage<T> =
  { readonly kind: 'passed'; readonly value: T } | { readonly kind: 'rests'; readonly until: number };

// Bounds memory where there are many accounts; a breaker that is forgotten begins anew.
const MOST_BREAKERS = 5_000;

/**
 * Keeps requests away from providers that do not answer. Each process judges by its own calls; what it finds out, all others
 * follow, and of all of them one call at a time tries whether the provider is back. It guards what moves money. Questions
 * about money in doubt go on by their own schedule: they do no harm, and nothing else ends the doubt.
 */
@Injectable()
export class Circuits {
  private readonly logger = new Logger('Circuits');
  private readonly breakers = new Map<string, CircuitBreaker>();

  constructor(
    private readonly board: CircuitBoard,
    private readonly changes: CircuitChanges,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Until when (epoch ms) nothing goes over the circuit; undefined where something may. Changes nothing. */
  async findRest({ account, operation }: Circuit): Promise<number | undefined> {
    const own = this.breakers.get(toKey(account.id, operation))?.restsUntil;
    if (own !== undefined) return own;
    const open = await this.board.findOpen(account.id, operation);
    const now = this.clock.now();
    if (!open) return undefined;
    if (now < open.retryAt) return open.retryAt;
    return now < open.trialEndsAt ? now + LOOK_AGAIN_MS : undefined;
  }

  /**
   * Does the work unless the circuit rests. The work must find out and store by itself whatever it sends: once begun nothing
   * stops it. Throws what the work throws.
   */
  async pass<T>(circuit: Circuit, work: () => Promise<Served<T>>): Promise<Passage<T>> {
    const rest = await this.findRest(circuit);
    if (rest !== undefined) return { kind: 'rests', until: rest };
    const open = await this.board.findOpen(circuit.account.id, circuit.operation);
    const trial = open && (await this.changes.takeTrial(open));
    if (open && !trial) return this.restAWhile();
    const breaker = this.findBreaker(circuit);
    const { restsUntil } = breaker;
    if (restsUntil !== undefined) return { kind: 'rests', until: restsUntil };
    const { service, value } = await breaker.run(work);
    await this.tell(circuit, breaker, service, trial);
    return { kind: 'passed', value };
  }

  /** How the circuits of these accounts stand, together. An old opening that nobody tried since says nothing about today. */
  async findHealth(accountIds: readonly string[], operation: Operation): Promise<Health[]> {
    const now = this.clock.now();
    return Promise.all(
      accountIds.map(async (id) => {
        const open = await this.board.findOpen(id, operation);
        if (!open || now - open.updatedAt >= HEALTH_SPAN_MS) return 'operational';
        return now < open.retryAt ? 'down' : 'degraded';
      }),
    );
  }

  private findBreaker({ account, operation }: Circuit): CircuitBreaker {
    const key = toKey(account.id, operation);
    const known = this.breakers.get(key);
    if (known) return known;
    if (this.breakers.size >= MOST_BREAKERS) this.breakers.clear();
    const breaker = new CircuitBreaker(this.clock);
    this.breakers.set(key, breaker);
    return breaker;
  }

  /** Never throws: what was sent is stored by now, and what the others do not hear they find out by themselves. */
  private async tell(
    circuit: Circuit,
    breaker: CircuitBreaker,
    service: Service,
    trial: ProviderCircuit | undefined,
  ): Promise<void> {
    try {
      const opened = breaker.takeOpening();
      if (service === 'served') await this.changes.noteService(circuit, trial);
      else if (trial && service === 'unavailable') await this.changes.restAgain(trial);
      else if (trial) await this.changes.giveBack(trial);
      else if (opened) await this.changes.open(circuit, breaker.figures);
    } catch (error) {
      this.logger.error({ err: error, account: circuit.account.id }, 'The state of a circuit could not be stored.');
    }
  }

  private restAWhile(): { readonly kind: 'rests'; readonly until: number } {
    return { kind: 'rests', until: this.clock.now() + LOOK_AGAIN_MS };
  }
}
