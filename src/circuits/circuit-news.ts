import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { EventRecord, toNoticeRow } from '../events/event.entity.js';
import { isTroubled } from '../methods/method-health.js';
import { ProviderAccount } from '../provider-accounts/provider-account.entity.js';
import { RecentAttempts } from '../transactions/recent-attempts.js';
import { WebhookFanout } from '../webhooks/webhook-fanout.js';
import { CircuitBoard } from './circuit-board.js';
import { toHostHash, toNoticeHash, toPlace, type Circuit, type ProviderPlace } from './circuit.js';
import { ProviderCircuit } from './provider-circuit.entity.js';
import { ProviderConditionResponse } from './provider-condition.response.js';
import { ProviderNotice } from './provider-notice.entity.js';
import { SAMPLING_MS, type CallFigures } from './recent-calls.js';

/** A merchant to tell, and the accounts of his that it is about. */
type Listeners = ReadonlyMap<string, readonly string[]>;

// A notice has seven values and an event fourteen; SQLite has room for 32,766 in one statement.
const AT_ONCE = 500;

/** Tells merchants that a provider is in trouble, and that it is well again: each of them once for each change. */
@Injectable()
export class CircuitNews {
  constructor(
    private readonly database: Database,
    private readonly attempts: RecentAttempts,
    private readonly board: CircuitBoard,
    private readonly fanout: WebhookFanout,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Whether the owner of this account was told of trouble and not yet of its end. */
  isTold(circuit: Circuit): Promise<boolean> {
    return this.board.isTold(toNoticeHash(circuit.account.merchantId, toPlace(circuit)));
  }

  /**
   * Whom trouble on this circuit concerns: its owner, and everybody with an enabled account at the same host. But while
   * others get through, it is the trouble of this account alone.
   */
  async findListeners(circuit: Circuit): Promise<Listeners> {
    const { id, merchantId, mode } = circuit.account;
    const all = await this.findNeighbours(circuit);
    const neighbours = new Set([...all.values()].flat().filter((accountId) => accountId !== id));
    const recent = await this.attempts.list(mode, SAMPLING_MS);
    const othersGetThrough = recent.some(
      (attempt) => neighbours.has(attempt.providerAccountId) && isTroubled(attempt) === false,
    );
    return othersGetThrough ? new Map([[merchantId, [id]]]) : all;
  }

  /** Everybody with an enabled account at the same host, the owner of the circuit among them. */
  async findNeighbours(circuit: Circuit): Promise<Listeners> {
    const { provider, mode, hostHash } = toPlace(circuit);
    const enabled = await this.database.read.find(ProviderAccount, { where: { provider, mode, enabled: true } });
    const near = enabled.filter((account) => toHostHash(account) === hostHash);
    const listeners = new Map<string, string[]>();
    for (const { id, merchantId } of near) listeners.set(merchantId, [...(listeners.get(merchantId) ?? []), id]);
    // Its owner hears of it even if he has just disabled it.
    const { id, merchantId } = circuit.account;
    return listeners.has(merchantId) ? listeners : listeners.set(merchantId, [id]);
  }

  /** In the transaction that opened the circuit. Who was told before is not told again. */
  async tellDegraded(tx: Tx, circuit: ProviderCircuit, listeners: Listeners, figures: CallFigures): Promise<void> {
    const { provider, mode, hostHash, operation } = circuit;
    const createdAt = this.clock.now();
    const notices = [...listeners.keys()].map((merchantId) => ({
      noticeHash: toNoticeHash(merchantId, circuit),
      ...{ merchantId, mode, provider, hostHash, operation, createdAt },
    }));
    const told = await this.lockNotices(tx, circuit);
    const known = new Set(told.map(({ noticeHash }) => noticeHash));
    const fresh = notices.filter(({ noticeHash }) => !known.has(noticeHash));
    for (let start = 0; start < fresh.length; start += AT_ONCE) {
      await tx.insert(ProviderNotice, fresh.slice(start, start + AT_ONCE));
    }
    const events = fresh.map(({ merchantId }) => {
      const own = merchantId === circuit.merchantId ? figures : undefined;
      const accountIds = listeners.get(merchantId) ?? [];
      return this.toEvent(merchantId, accountIds, ProviderConditionResponse.degraded(circuit, accountIds, own));
    });
    await this.announce(tx, events);
  }

  /** Whose own circuit there is open still is told when that closes. */
  async tellRecovered(tx: Tx, place: ProviderPlace, listeners: Listeners): Promise<void> {
    const notices = await this.lockNotices(tx, place);
    const { provider, mode, hostHash, operation } = place;
    const open = await tx.manager.find(ProviderCircuit, {
      where: { state: 'open', provider, mode, hostHash, operation },
      select: { merchantId: true },
    });
    const waiting = new Set(open.map(({ merchantId }) => merchantId));
    const over = notices.filter(({ merchantId }) => !waiting.has(merchantId));
    for (let start = 0; start < over.length; start += AT_ONCE) {
      const hashes = over.slice(start, start + AT_ONCE).map(({ noticeHash }) => noticeHash);
      await tx.manager.delete(ProviderNotice, { noticeHash: In(hashes) });
    }
    const recoveredAt = this.clock.now();
    const events = over.map(({ merchantId, createdAt: since }) => {
      const accountIds = listeners.get(merchantId) ?? [];
      const condition = ProviderConditionResponse.recovered(place, accountIds, { since, recoveredAt });
      return this.toEvent(merchantId, accountIds, condition);
    });
    await this.announce(tx, events);
  }

  private async announce(tx: Tx, events: readonly EventRecord[]): Promise<void> {
    for (let start = 0; start < events.length; start += AT_ONCE) {
      const some = events.slice(start, start + AT_ONCE);
      await tx.insert(EventRecord, some);
      await this.fanout.announce(tx, some);
    }
  }

  // Two that have news of one place stand in line at its notices. On SQLite writers do anyway.
  private lockNotices(tx: Tx, { provider, mode, hostHash, operation }: ProviderPlace): Promise<ProviderNotice[]> {
    const query = tx.manager
      .createQueryBuilder(ProviderNotice, 'notice')
      .where({ provider, mode, hostHash, operation });
    return (this.database.kind === 'mysql' ? query.setLock('pessimistic_write') : query).getMany();
  }

  private toEvent(
    merchantId: string,
    accountIds: readonly string[],
    condition: ProviderConditionResponse,
  ): EventRecord {
    const { mode, state } = condition;
    const notice = {
      merchantId,
      mode,
      subjectId: accountIds[0] ?? merchantId,
      type: `provider.${state}`,
      data: condition,
    };
    return toNoticeRow(notice, { id: this.ids.next('evt'), createdAt: this.clock.now() });
  }
}
