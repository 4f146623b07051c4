import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import type { Clock } from '#libs/primitives';
import { ApiKeyAuthenticator } from '../api-keys/api-key-authenticator.js';
import { ApiKey } from '../api-keys/api-key.entity.js';
import { CLOCK } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { Problem } from '../http/problem.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { RateLimits, type HeaderSink } from '../rate-limits/rate-limits.js';
import type { RealtimeSession } from './realtime-session.js';
import { RealtimeTickets, ticketRefused } from './realtime-tickets.js';

/** Who may open a socket, and who may keep it. */
@Injectable()
export class UpgradeGate {
  constructor(
    private readonly authenticator: ApiKeyAuthenticator,
    private readonly limits: RateLimits,
    private readonly tickets: RealtimeTickets,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * On whose behalf the request would open a socket. `assertRoom` may refuse before a ticket is used up. Throws problems,
   * as every route does.
   */
  async admit(
    request: IncomingMessage,
    answer: HeaderSink,
    assertRoom: (session: RealtimeSession) => void,
  ): Promise<RealtimeSession> {
    const ticket = readTicket(request.url ?? '');
    if (ticket === undefined) {
      const session = await this.admitKey(request, answer);
      assertRoom(session);
      return session;
    }
    if (request.headers.authorization !== undefined) {
      throw new Problem('invalid_request', 'Send Authorization or a ticket, not both.');
    }
    const session = await this.tickets.find(ticket);
    if (!session || (await this.findEnded([session])).length > 0) throw ticketRefused();
    assertRoom(session);
    if (!(await this.tickets.use(ticket))) throw ticketRefused();
    return session;
  }

  /** Those whose key was revoked or whose merchant was suspended meanwhile. Two queries, however many are asked about. */
  async findEnded<S extends RealtimeSession>(sessions: readonly S[]): Promise<S[]> {
    if (sessions.length === 0) return [];
    const keyIds = [...new Set(sessions.flatMap(({ keyId }) => keyId ?? []))];
    const merchantIds = [...new Set(sessions.map(({ merchantId }) => merchantId))];
    const { read } = this.database;
    const [keys, merchants] = await Promise.all([
      read.find(ApiKey, { where: { id: In(keyIds) }, select: { id: true, endsAt: true } }),
      read.find(Merchant, { where: { id: In(merchantIds), status: 'active' }, select: { id: true } }),
    ]);
    const now = this.clock.now();
    const live = new Set(keys.filter(({ endsAt }) => endsAt === null || endsAt > now).map(({ id }) => id));
    const active = new Set(merchants.map(({ id }) => id));
    return sessions.filter(({ keyId, merchantId }) => !active.has(merchantId) || (keyId !== null && !live.has(keyId)));
  }

  private async admitKey(request: IncomingMessage, answer: HeaderSink): Promise<RealtimeSession> {
    const { keyId, merchantId, mode, scopes } = await this.authenticator.authenticateRequest(request);
    this.limits.take(keyId, answer);
    if (!scopes.includes('read')) throw new Problem('forbidden', 'This key lacks the scope read.');
    // Only platform keys have none, and they do not have the scope.
    if (merchantId === null) throw new Problem('forbidden', 'Use a key of the merchant here.');
    return { keyId, merchantId, mode, narrowed: null, audience: 'merchant' };
  }
}

/** The ticket in the address. Throws `malformed_request`, `unknown_field` or `invalid_request`. */
function readTicket(url: string): string | undefined {
  const mark = url.indexOf('?');
  const query = mark === -1 ? '' : url.slice(mark + 1);
  try {
    decodeURIComponent(query);
  } catch {
    throw new Problem('malformed_request', 'The query is no percent-encoded UTF-8 text.');
  }
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (name === 'ticket') continue;
    const detail = `There is no query parameter ${name.slice(0, 40)}. Subscriptions are messages on the open socket.`;
    throw new Problem('unknown_field', detail, {
      errors: [{ pointer: `#query/${name}`, code: 'unknown_field', detail }],
    });
  }
  const tickets = given.getAll('ticket');
  if (tickets.length > 1) throw new Problem('invalid_request', 'Send one ticket.');
  return tickets[0];
}
