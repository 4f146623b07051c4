import type { SimulatorTime } from '#libs/simulators/kit';
import type { Book } from './book.js';
import type { App, Directory, Environment } from './directory.js';
import type { Faults } from './faults.js';
import type { Settings } from './settings.js';

/** What every part of the simulator may use. */
export interface World {
  readonly book: Book;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly directory: Directory;
  readonly time: SimulatorTime;
  /** Where hosted checkouts are, known once the simulator listens. */
  baseUrl: string;
}

/** Whose request it is, by its key. What one key's environment holds, the other does not see. */
export interface Caller {
  readonly app: App;
  readonly environment: Environment;
}
