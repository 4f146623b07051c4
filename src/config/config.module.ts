import { Global, Module, type DynamicModule } from '@nestjs/common';
import {
  createIdSource,
  systemClock,
  systemRandom,
  systemScheduler,
  type Clock,
  type IdSource,
  type RandomBytes,
  type Scheduler,
} from '#libs/primitives';
import { ClientAddresses } from '../http/client-addresses.js';
import type { Settings } from './settings.js';

export const SETTINGS = Symbol('Settings');
export const CLOCK = Symbol('Clock');
export const SCHEDULER = Symbol('Scheduler');
export const IDS = Symbol('IdSource');
export const RANDOM = Symbol('RandomBytes');

/** The world as the gateway sees it. Tests and the simulation put their own in place of the machine's. */
export interface Seams {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly ids: IdSource;
  readonly random: RandomBytes;
}

/** The machine's own clock, timers and randomness. */
export function systemSeams(): Seams {
  return { clock: systemClock, scheduler: systemScheduler, ids: createIdSource(systemClock), random: systemRandom };
}

/** Settings and seams, for every module to inject. */
@Global()
@Module({})
export class ConfigModule {
  static with(settings: Settings, seams: Seams): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: ClientAddresses, useValue: new ClientAddresses(settings) },
      { provide: CLOCK, useValue: seams.clock },
      { provide: SCHEDULER, useValue: seams.scheduler },
      { provide: IDS, useValue: seams.ids },
      { provide: RANDOM, useValue: seams.random },
    ];
    return { module: ConfigModule, providers, exports: providers };
  }
}
