import { Inject, Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { Clock, IdSource } from '#libs/primitives';
import type { Mode } from '#libs/provider-kit';
import type { MerchantCaller } from '../api-keys/caller.js';
import { CLOCK, IDS } from '../config/config.module.js';
import { Database } from '../database/database.js';
import { GatheredReads } from '../database/gathered-reads.js';
import type { Tx } from '../database/tx.js';
import { Cursors, type Page, type PageQuery } from '../http/pages.js';
import { fieldProblem, notFound, Problem } from '../http/problem.js';
import { Jobs } from '../jobs/jobs.js';
import { findDefinition, getDefinition, listDefinitions } from '../providers/registry.js';
import { AccountCredentials } from './account-credentials.js';
import { AccountValidation } from './account-validation.js';
import { AccountWebhooks } from './account-webhooks.js';
import { toLowBalance, type LowBalanceRequest } from './low-balance.dto.js';
import { ProviderAccount, type LowBalance } from './provider-account.entity.js';

/** Credentials or settings, as the provider's schema takes them. */
export type AccountFields = Readonly<Record<string, unknown>>;

/** What an account consists of. */
export interface NewProviderAccount {
  readonly provider: string;
  readonly credentials: AccountFields;
  readonly settings: AccountFields;
  readonly priority: number;
  readonly enabled: boolean;
  /** From where on the merchant wants to be warned; null: never. */
  readonly lowBalance?: LowBalanceRequest | null;
}

/** What may change. Credentials and settings are each replaced as a whole. */
export type ProviderAccountChanges = Partial<Omit<NewProviderAccount, 'provider'>>;

// Bounds memory where there are many merchants; they are looked up again then.
const MOST_KNOWN = 5_000;

type AccountOwner = Pick<ProviderAccount, 'merchantId' | 'mode'>;

/** The merchants' accounts at providers. */
@Injectable()
export class ProviderAccountsService {
  private readonly known = new Map<string, { readonly stamp: string; readonly accounts: readonly ProviderAccount[] }>();
  private readonly routable = new GatheredReads<AccountOwner, ProviderAccount[]>(toOwnerText, (owners) =>
    this.selectRoutable(owners),
  );

  constructor(
    private readonly database: Database,
    private readonly credentials: AccountCredentials,
    private readonly validation: AccountValidation,
    private readonly webhooks: AccountWebhooks,
    private readonly cursors: Cursors,
    private readonly jobs: Jobs,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(IDS) private readonly ids: IdSource,
  ) {}

  /**
   * The accounts that routing may use, in the order in which it tries them. Shared with others who ask: not to be changed.
   * With a stamp that the caller's key was just read with they are looked up only where it differs from the last one.
   */
  async findRoutable(merchantId: string, mode: Mode, stamp?: string): Promise<readonly ProviderAccount[]> {
    const owner = toOwnerText({ merchantId, mode });
    const known = this.known.get(owner);
    if (stamp !== undefined && known?.stamp === stamp) return known.accounts;
    const accounts = (await this.routable.find({ merchantId, mode })) ?? [];
    if (stamp !== undefined) {
      if (this.known.size >= MOST_KNOWN) this.known.clear();
      // They may be newer than the stamp, never older: a newer stamp only makes us look again.
      this.known.set(owner, { stamp, accounts });
    }
    return accounts;
  }

  /** For ids that we stored ourselves, whoever's they are. Throws where there is no such account. */
  async get(id: string): Promise<ProviderAccount> {
    const account = await this.database.read.findOne(ProviderAccount, { where: { id } });
    if (!account) throw new Error(`There is no provider account ${id}, but stored data names it.`);
    return account;
  }

  /** Throws `not_found`, also for the account of another merchant or mode. */
  async getOwn({ merchantId, mode }: MerchantCaller, id: string): Promise<ProviderAccount> {
    const account = await this.database.read.findOne(ProviderAccount, { where: { id, merchantId, mode } });
    if (!account) throw notFound();
    return account;
  }

  /** Newest first. */
  async list({ merchantId, mode }: MerchantCaller, { limit, cursor }: PageQuery): Promise<Page<ProviderAccount>> {
    const binding = ['provider_accounts', merchantId, mode];
    const after = this.cursors.read(cursor, binding);
    const rows = await this.database.read.find(ProviderAccount, {
      where: { merchantId, mode, ...(after !== undefined && { id: LessThan(after) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return this.cursors.toPage(rows, limit, binding, (account) => account);
  }

  /** Throws `unknown_provider`, `invalid_credentials` or `url_not_allowed`. */
  async create({ merchantId, mode }: MerchantCaller, given: NewProviderAccount): Promise<ProviderAccount> {
    const definition = findDefinition(given.provider);
    if (!definition) throw unknownProvider();
    await this.validation.assertAcceptable(definition, mode, given);
    const now = this.clock.now();
    const id = this.ids.next('pac');
    const account: ProviderAccount = {
      id,
      merchantId,
      mode,
      provider: given.provider,
      sealedCredentials: this.credentials.seal(id, given.credentials),
      settings: given.settings,
      callbackTokenHash: null,
      priority: given.priority,
      enabled: given.enabled,
      lowBalance: given.lowBalance ? toLowBalance(given.lowBalance) : null,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    return this.database.write(async (tx) => {
      const callbackTokenHash = await this.webhooks.issueFor(tx, account);
      const stored = { ...account, callbackTokenHash };
      await tx.insert(ProviderAccount, [stored]);
      await this.watchBalance(tx, stored);
      return stored;
    });
  }

  /** Throws `not_found`, `invalid_credentials`, `url_not_allowed`, or `conflict` where somebody else was faster. */
  async update(caller: MerchantCaller, id: string, changes: ProviderAccountChanges): Promise<ProviderAccount> {
    const account = await this.getOwn(caller, id);
    await this.validation.assertAcceptable(getDefinition(account.provider), account.mode, changes);
    const changed: ProviderAccount = {
      ...account,
      sealedCredentials: changes.credentials
        ? this.credentials.seal(id, changes.credentials)
        : account.sealedCredentials,
      settings: changes.settings ?? account.settings,
      priority: changes.priority ?? account.priority,
      enabled: changes.enabled ?? account.enabled,
      lowBalance: readLowBalance(changes, account),
      version: account.version + 1,
      updatedAt: this.clock.now(),
    };
    await this.database.write(async (tx) => {
      await this.replace(tx, account, changed);
      await this.watchBalance(tx, changed);
    });
    return changed;
  }

  private async replace(tx: Tx, { id, version: before }: ProviderAccount, changed: ProviderAccount): Promise<void> {
    const { sealedCredentials, settings, priority, enabled, lowBalance, version, updatedAt } = changed;
    const { affected } = await tx.manager
      .createQueryBuilder()
      .update(ProviderAccount)
      // As a parameter of ours: TypeORM's types take no open-ended object for a JSON column.
      .set({ sealedCredentials, settings: () => ':settings', priority, enabled, lowBalance, version, updatedAt })
      .setParameters({ settings: JSON.stringify(settings) })
      .where('id = :id AND version = :before', { id, before })
      .execute();
    if (affected !== 1) {
      throw new Problem(
        'conflict',
        'The account was changed at the same moment. Read it again, then send your change.',
      );
    }
  }

  // What has a limit is looked at from now on; the job ends by itself where there is nothing to look at.
  private async watchBalance(tx: Tx, { id, enabled, lowBalance }: ProviderAccount): Promise<void> {
    if (!enabled || !lowBalance) return;
    await this.jobs.ensure(tx, { kind: 'refresh_balance', subjectId: id, runAt: this.clock.now() });
  }

  private async selectRoutable(owners: readonly AccountOwner[]): Promise<Map<string, ProviderAccount[]>> {
    const accounts = await this.database.read.find(ProviderAccount, {
      where: owners.map(({ merchantId, mode }) => ({ merchantId, mode, enabled: true })),
      order: { priority: 'ASC', id: 'ASC' },
    });
    const routable = new Map<string, ProviderAccount[]>();
    for (const account of accounts) {
      const owner = toOwnerText(account);
      routable.set(owner, [...(routable.get(owner) ?? []), account]);
    }
    return routable;
  }
}

function readLowBalance({ lowBalance }: ProviderAccountChanges, account: ProviderAccount): LowBalance | null {
  if (lowBalance === undefined) return account.lowBalance;
  return lowBalance && toLowBalance(lowBalance);
}

function toOwnerText({ merchantId, mode }: AccountOwner): string {
  return `${merchantId} ${mode}`;
}

function unknownProvider(): Problem {
  const known = listDefinitions().map(({ id }) => id);
  const detail = `There is no such provider. These are installed: ${known.join(', ')}.`;
  return fieldProblem('unknown_provider', '/provider', detail);
}
