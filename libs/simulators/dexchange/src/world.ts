import type { World as SimulatorWorld } from '#libs/simulators/kit';
import type { AdjustableTime } from './adjustable-time.js';
import type { Book } from './book.js';
import type { Directory } from './directory.js';
import type { FAULTS } from './faults.js';
import type { SETTINGS } from './settings.js';

/** What every part of the simulator may use. */
export interface World extends SimulatorWorld<Book, typeof SETTINGS, typeof FAULTS, Directory> {
  readonly time: AdjustableTime;
}
