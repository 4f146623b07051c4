import type { World as SimulatorWorld } from '#libs/simulators/kit';
import type { Book } from './book.js';
import type { FAULTS } from './faults.js';
import type { WireIds } from './ids.js';
import type { Directory } from './merchants.js';
import type { SETTINGS } from './settings.js';

/** What every part of the simulator may use. */
export interface World extends SimulatorWorld<Book, typeof SETTINGS, typeof FAULTS, Directory> {
  readonly ids: WireIds;
  /** A number in [0, 1). */
  readonly random: () => number;
}
