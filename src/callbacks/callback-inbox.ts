import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock, IdSource } from '#libs/primitives';
import type { RawCallback } from '#libs/provider-kit';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import { Jobs } from '../jobs/jobs.js';
import { CallbackToken } from './callback-token.entity.js';
import { CallbackTokens, hashToken, RETURN_PURPOSE } from './callback-tokens.js';
import { Callback } from './callback.entity.js';
import { StrayCallbacks } from './stray-callbacks.js';

/** How a provider is answered. */
export interface Acknowledgement {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

// M-Pesa wants this very body; Moneroo wants exactly 200 and DExchange a 2xx, whatever the body. So it can be the same for every
// path, known or not: an answer tells nobody whether a token exists.
const ACCEPTED: Acknowledgement = {
  status: 200,
  contentType: 'application/json',
  body: '{"ResultCode":0,"ResultDesc":"Accepted"}',
};

// Headers that say nothing about the message, or that could carry somebody's secrets.
const DROPPED_HEADERS = new Set([
  ...['accept-encoding', 'authorization', 'connection', 'content-length', 'cookie', 'host', 'proxy-authorization'],
]);
const MOST_HEADER_BYTES = 8_000;

/** Stores what providers send, raw and once, before it is answered. A job makes sense of it later. */
@Injectable()
export class CallbackInbox {
  constructor(
    private readonly database: Database,
    private readonly tokens: CallbackTokens,
    private readonly jobs: Jobs,
    private readonly strays: StrayCallbacks,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /** Durable before it answers; a repetition is answered alike and stored no second time. */
  async receive(token: string, message: Omit<RawCallback, 'purpose'>): Promise<Acknowledgement> {
    const known = await this.findPath(token);
    const row = this.toRow(token, message, known);
    await (known ? this.store(row) : this.strays.keep(row));
    return ACCEPTED;
  }

  private async store(row: Callback): Promise<void> {
    try {
      await this.database.write(async (tx) => {
        await tx.insert(Callback, [row]);
        await this.jobs.add(tx, [{ kind: 'apply_callback', subjectId: row.id, runAt: row.receivedAt }]);
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  // The path of a returning customer takes no messages.
  private async findPath(token: string): Promise<CallbackToken | undefined> {
    const known = await this.tokens.find(token);
    return known?.purpose === RETURN_PURPOSE ? undefined : known;
  }

  private toRow(
    token: string,
    { method, headers, body, sourceAddress }: Omit<RawCallback, 'purpose'>,
    known: CallbackToken | undefined,
  ): Callback {
    return {
      id: this.ids.next('clb'),
      tokenHash: hashToken(token),
      digest: toDigest(method, headers, body),
      httpMethod: method,
      headers: keepHeaders(headers),
      body,
      sourceAddress,
      state: known ? 'received' : 'unmatched',
      trust: null,
      outcome: null,
      merchantId: known?.merchantId ?? null,
      mode: known?.mode ?? null,
      providerAccountId: known?.providerAccountId ?? null,
      attemptId: known?.attemptId ?? null,
      receivedAt: this.clock.now(),
    };
  }
}

// The same bytes with another signature are another message: a forgery must not keep the genuine one out.
function toDigest(method: string, headers: Readonly<Record<string, string>>, body: Uint8Array): string {
  const hash = createHash('sha256').update(method).update('\n');
  for (const [name, value] of Object.entries(headers).sort()) {
    if (name.includes('signature')) hash.update(`${name}: ${value}\n`);
  }
  return hash.update(body).digest('hex');
}

function keepHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  let bytes = 0;
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => {
      if (DROPPED_HEADERS.has(name)) return false;
      bytes += name.length + value.length;
      return bytes <= MOST_HEADER_BYTES;
    }),
  );
}
