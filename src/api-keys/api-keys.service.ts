import { Inject, Injectable } from '@nestjs/common';
import { IsNull, LessThan, type FindOptionsWhere } from 'typeorm';
import type { Clock, IdSource, RandomBytes } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import { CLOCK, IDS, RANDOM } from '../config/config.module.js';
import { Database } from '../database/database.js';
import type { Tx } from '../database/tx.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { fieldProblem, notFound, Problem } from '../http/problem.js';
import { Merchant } from '../merchants/merchant.entity.js';
import { hashOf } from '../secrets/hash.js';
import { ApiKey } from './api-key.entity.js';
import { makeApiKeySecret } from './api-key-secret.js';
import type { Caller } from './caller.js';
import type { Scope } from './scopes.js';

/** What a new key is for. */
export interface NewApiKey {
  /** Null for a platform key. */
  readonly merchantId: string | null;
  readonly mode: Mode;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Who acts with it. Absent: a new principal, a person of his own. */
  readonly principalId?: string;
}

/** What a caller asks for; the rest follows from who he is. */
export interface ApiKeyRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Platform keys only. */
  readonly merchantId?: string;
  readonly mode?: Mode;
}

/** A key just made. The secret is in no other place, and cannot be shown again. */
export interface CreatedApiKey {
  readonly key: ApiKey;
  readonly secret: string;
}

const HOUR_MS = 3_600_000;

/** Makes keys and takes them back. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  /** Makes a key without asking on whose behalf: for the operator, and for what starts with the gateway itself. */
  create(request: NewApiKey): Promise<CreatedApiKey> {
    return this.database.write((tx) => this.insert(tx, request));
  }

  /**
   * Makes a key for a caller. A merchant's key passes on its merchant, mode, principal and at most its own scopes; a
   * platform key makes keys of merchants, each for a new principal, and platform keys for its own.
   */
  async createFor(caller: Caller, request: ApiKeyRequest): Promise<CreatedApiKey> {
    return this.create(
      caller.merchantId === null ? await this.planForPlatform(caller, request) : plan(caller, request),
    );
  }

  /** Whether somebody already acts for the merchant under this id. */
  isPrincipalOf(merchantId: string | null, principalId: string): Promise<boolean> {
    return this.database.read.exists(ApiKey, { where: { merchantId: merchantId ?? IsNull(), principalId } });
  }

  async list<T>(
    caller: Caller,
    { limit, cursor, merchantId }: PageQuery & { readonly merchantId?: string },
    shape: (key: ApiKey) => T,
  ): Promise<Page<T>> {
    if (caller.merchantId !== null && merchantId !== undefined) throw platformOnly('#query/merchantId');
    const mine = merchantId === undefined ? toOwned(caller) : { merchantId };
    const binding = ['api_keys', mine];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read.find(ApiKey, {
      where: { ...mine, ...(after !== undefined && { id: LessThan(after) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return this.cursors.toPage(rows, limit, binding, shape);
  }

  /** Throws `not_found`, also for the key of another merchant or mode. */
  async get(caller: Caller, id: string): Promise<ApiKey> {
    const key = await this.database.read.findOne(ApiKey, { where: { id, ...toOwned(caller) } });
    if (!key) throw notFound();
    return key;
  }

  /** From this instant on the key is refused. Again is no mistake. Throws `not_found`. */
  async revoke(caller: Caller, id: string): Promise<void> {
    await this.get(caller, id);
    const now = this.clock.now();
    await this.database.write(async (tx) => {
      const key = await tx.manager.findOne(ApiKey, { where: { id } });
      if (key && (key.endsAt === null || key.endsAt > now)) await tx.manager.update(ApiKey, { id }, { endsAt: now });
    });
  }

  /**
   * Makes a key just like this one and ends this one after the overlap. A merchant's key can roll only keys of its own
   * principal with scopes that it has itself: the new secret makes its reader that key.
   */
  async roll(caller: Caller, id: string, overlapHours: number): Promise<CreatedApiKey> {
    const key = await this.get(caller, id);
    if (caller.merchantId !== null) assertMayBecome(caller, key);
    return this.database.write(async (tx) => {
      const endsAt = this.clock.now() + overlapHours * HOUR_MS;
      const ended = await tx.manager.update(ApiKey, { id, endsAt: IsNull() }, { endsAt });
      if (ended.affected !== 1) {
        throw new Problem('conflict', 'This key was revoked or rolled before. Roll the key that replaced it.');
      }
      return this.insert(tx, key);
    });
  }

  private async insert(tx: Tx, request: NewApiKey): Promise<CreatedApiKey> {
    const secret = makeApiKeySecret(request.mode, this.random);
    const key: ApiKey = {
      id: this.ids.next('key'),
      keyHash: hashOf('api key', secret),
      last4: secret.slice(-4),
      merchantId: request.merchantId,
      mode: request.mode,
      principalId: request.principalId ?? this.ids.next('prn'),
      name: request.name,
      scopes: [...new Set(request.scopes)],
      createdAt: this.clock.now(),
      lastUsedAt: null,
      endsAt: null,
    };
    await tx.insert(ApiKey, [key]);
    return { key, secret };
  }

  private async planForPlatform(caller: Caller, { name, scopes, merchantId, mode }: ApiKeyRequest): Promise<NewApiKey> {
    if (scopes.includes('platform')) {
      if (scopes.length > 1) throw refuseScope('A platform key manages merchants and keys, and has no other scope.');
      if (merchantId !== undefined) throw refuseScope('The key of a merchant cannot have the scope platform.');
      return { merchantId: null, mode: caller.mode, name, scopes, principalId: caller.principalId };
    }
    if (merchantId === undefined) throw missing('merchantId', 'Say for which merchant the key is.');
    if (mode === undefined) throw missing('mode', 'Say whether the key is for test or live.');
    const known = await this.database.read.exists(Merchant, { where: { id: merchantId } });
    if (!known) throw fieldProblem('not_found', '/merchantId', 'There is no such merchant.');
    return { merchantId, mode, name, scopes };
  }
}

function plan(caller: Caller, { name, scopes, merchantId, mode }: ApiKeyRequest): NewApiKey {
  if (merchantId !== undefined) throw platformOnly('/merchantId');
  if (mode !== undefined) throw platformOnly('/mode');
  const excess = scopes.filter((scope) => !caller.scopes.includes(scope));
  if (excess.length > 0)
    throw new Problem('forbidden', `A key can pass on only scopes that it has; this one lacks ${excess.join(', ')}.`);
  return { merchantId: caller.merchantId, mode: caller.mode, name, scopes, principalId: caller.principalId };
}

function assertMayBecome(caller: Caller, key: ApiKey): void {
  if (key.principalId !== caller.principalId)
    throw new Problem('forbidden', 'This key acts for another principal, who alone (or the platform) can roll it.');
  const excess = key.scopes.filter((scope) => !caller.scopes.includes(scope));
  if (excess.length > 0)
    throw new Problem('forbidden', `That key can do more than this one, which lacks ${excess.join(', ')}.`);
}

/** What a caller can see: a platform key all keys, others those of their merchant and mode. */
function toOwned(caller: Caller): FindOptionsWhere<ApiKey> {
  return caller.merchantId === null ? {} : { merchantId: caller.merchantId, mode: caller.mode };
}

function platformOnly(pointer: string): Problem {
  const name = pointer.split('/').at(-1) ?? pointer;
  const detail = `Only platform keys send ${name}; with this key merchant and mode are its own.`;
  return fieldProblem('unknown_field', pointer, detail);
}

function missing(name: string, detail: string): Problem {
  return new Problem('invalid_request', detail, { errors: [{ pointer: `/${name}`, code: 'required', detail }] });
}

function refuseScope(detail: string): Problem {
  return new Problem('invalid_request', detail, { errors: [{ pointer: '/scopes', code: 'invalid_scope', detail }] });
}
