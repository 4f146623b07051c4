import path from 'node:path';
import type { LoggerService } from '@nestjs/common';
import type { Scheduler } from '#libs/primitives';
import type { Settings } from '../config/settings.js';
import { lockFolder } from '../database/process-lock.js';
import { readDemoFile, writeDemoFile, type Demo } from './demo-file.js';
import { findOwner, followSimulator, seedDemoMerchant, type FindService, type SeededDemo } from './demo-merchant.js';
import { enterWebhook } from './simulator-webhooks.js';
import { SimulatorProcess } from './simulator-process.js';
import { SIMULATORS } from './simulators.js';

interface Surroundings {
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly logger: LoggerService;
}

/** Whether this process is the one that brings simulators and a demo merchant along. */
export function wantsFirstRun({ production, simulators, role }: Settings): boolean {
  return simulators && !production && role !== 'worker';
}

/**
 * What makes a fresh machine able to try everything: simulated providers beside the gateway, and a merchant that is
 * connected to them. In this order: `over`, `start`, `seed` before the gateway listens, `announce` once it does, `stop`.
 */
export class FirstRun {
  private readonly simulators: ReadonlyMap<string, SimulatorProcess>;
  private find: FindService | undefined;
  private seeded: SeededDemo | undefined;
  private demo: Demo | undefined;

  private constructor(
    private readonly surroundings: Surroundings,
    private readonly former: Demo | undefined,
    private readonly unlock: () => void,
  ) {
    const { settings, scheduler, logger } = surroundings;
    this.simulators = new Map(
      SIMULATORS.map((plan) => [
        plan.provider,
        new SimulatorProcess({
          plan,
          dataDir: path.join(settings.dataDir, 'simulators', plan.provider),
          scheduler,
          logger,
          moved: (baseUrl) => this.follow(plan.provider, baseUrl),
        }),
      ]),
    );
  }

  /** Takes the data folder for this process alone. */
  static over(surroundings: Surroundings): FirstRun {
    const { dataDir } = surroundings.settings;
    const unlock = lockFolder(path.join(dataDir, 'simulators'));
    return new FirstRun(surroundings, readDemoFile(dataDir), unlock);
  }

  /** Starts the simulators, on the ports that they had before where those are free. */
  async start(): Promise<void> {
    await Promise.all(
      [...this.simulators].map(([provider, simulator]) => simulator.start(this.former?.simulators[provider])),
    );
  }

  /** Before the gateway takes up work: no job may meet an account that points at a port which a simulator has left. */
  async seed(find: FindService): Promise<void> {
    this.find = find;
    this.seeded = await seedDemoMerchant(find, this.former, this.addresses());
    for (const { provider } of SIMULATORS) await this.enterWebhook(provider);
  }

  /** Writes `demo.json`, whose presence says that a gateway has listened. */
  announce(baseUrl: string): Demo {
    if (!this.seeded) throw new Error('There is nothing to announce before the merchant is seeded.');
    const { apiKey, approverKey, providerAccounts } = this.seeded;
    this.demo = { baseUrl, apiKey, approverKey, simulators: this.addresses(), providerAccounts };
    writeDemoFile(this.surroundings.settings.dataDir, this.demo);
    return this.demo;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.simulators.values()].map((simulator) => simulator.stop()));
    this.unlock();
  }

  private addresses(): Record<string, string> {
    return Object.fromEntries([...this.simulators].map(([provider, { baseUrl }]) => [provider, baseUrl]));
  }

  /** Our address may be another than at the last start. */
  private async enterWebhook(provider: string): Promise<void> {
    const accountId = this.seeded?.providerAccounts[provider];
    if (this.find && accountId !== undefined) await enterWebhook(this.find, provider, accountId);
  }

  /** A simulator had to move while we run: the account and the file say where to. */
  private async follow(provider: string, baseUrl: string): Promise<void> {
    if (!this.find || !this.seeded || !this.demo) return;
    const owner = await findOwner(this.find, this.seeded.apiKey);
    const accountId = this.seeded.providerAccounts[provider];
    if (owner && accountId !== undefined) await followSimulator(this.find, owner, accountId, baseUrl);
    await this.enterWebhook(provider);
    this.announce(this.demo.baseUrl);
  }
}
