import type { AdjustableTime } from './adjustable-time.js';
import type { Book } from './book.js';
import type { Directory } from './directory.js';
import type { Faults } from './faults.js';
import type { Settings } from './settings.js';

/** What every part of the simulator may use. */
export interface World {
  readonly book: Book;
  readonly settings: Settings;
  readonly faults: Faults;
  readonly directory: Directory;
  readonly time: AdjustableTime;
  /** Where the hosted pages are, known once the simulator listens. */
  baseUrl: string;
}
