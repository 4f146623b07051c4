import type { World as SimulatorWorld } from '#libs/simulators/kit';
import type { Book } from './book.js';
import type { App, Directory, Environment } from './directory.js';
import type { FAULTS } from './faults.js';
import type { SETTINGS } from './settings.js';

/** What every part of the simulator may use. */
export type World = SimulatorWorld<Book, typeof SETTINGS, typeof FAULTS, Directory>;

/** Whose request it is, by its key. What one key's environment holds, the other does not see. */
export interface Caller {
  readonly app: App;
  readonly environment: Environment;
}
