import type { Book } from './book.js';
import type { Faults } from './faults.js';
import type { WireIds } from './ids.js';
import type { Directory } from './merchants.js';
import type { Settings } from './settings.js';
import type { SimulatorTime } from '#libs/simulators/kit';

/** What every part of the simulator may use. */
export interface World {
  readonly book: Book;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly directory: Directory;
  readonly ids: WireIds;
  readonly time: SimulatorTime;
  /** A number in [0, 1). */
  readonly random: () => number;
}
