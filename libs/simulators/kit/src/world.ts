import type { z } from 'zod';
import { Errands } from './errands.js';
import { FaultBoard } from './fault-board.js';
import { RequestMeter } from './meter.js';
import { systemRandom } from './random.js';
import { SwitchBoard, type SwitchTable } from './switches.js';
import { systemTime, type SimulatorTime } from './time.js';
import { Watch } from './watch.js';

/** A book as far as every simulator has one. */
export interface KeptBook {
  record(entry: { kind: 'reset' }): void;
  durable(): Promise<void>;
  close(): Promise<void>;
}

/** What every part of a simulator may use. */
export interface World<Book extends KeptBook, Settings extends SwitchTable, Faults extends SwitchTable, Directory> {
  readonly book: Book;
  readonly settings: SwitchBoard<Settings>;
  readonly faults: FaultBoard<Faults>;
  /** Who may call, and who is told. */
  readonly directory: Directory;
  readonly time: SimulatorTime;
  readonly watch: Watch;
  readonly errands: Errands;
  readonly meter: RequestMeter;
  /** Where it is reached, known once it listens. */
  baseUrl: string;
}

/** What makes a world that provider's. */
export interface WorldRules<Book extends KeptBook, Settings, Faults, Directory, DirectoryInput> {
  readonly settings: Settings;
  readonly faults: Faults;
  readonly directory: z.ZodType<Directory, DirectoryInput>;
  /** The directory where nobody gives another. */
  readonly demo: DirectoryInput;
  readonly openBook: (dataDir: string | undefined) => Book;
}

/** What a world can be given instead of what it has by itself. */
export interface WorldParts<DirectoryInput> {
  /** The folder of the book. Without it the book lives in memory and is forgotten at the end. */
  readonly dataDir?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly faults?: Readonly<Record<string, unknown>>;
  /** Who may call, and who is told; a demo by default. */
  readonly directory?: DirectoryInput;
  /** Clock and timers; the system's by default. */
  readonly time?: SimulatorTime;
  /** Where chance comes from, in [0, 1); the system's source by default. */
  readonly random?: () => number;
}

/** Opens the book and sets every switch as told. */
export function createWorld<
  Book extends KeptBook,
  Settings extends SwitchTable,
  Faults extends SwitchTable,
  Directory,
  DirectoryInput,
>(
  rules: WorldRules<Book, Settings, Faults, Directory, DirectoryInput>,
  parts: WorldParts<DirectoryInput>,
): World<Book, Settings, Faults, Directory> {
  const time = parts.time ?? systemTime;
  const watch = new Watch();
  return {
    settings: new SwitchBoard(rules.settings, parts.settings),
    faults: new FaultBoard(rules.faults, parts.faults ?? {}, parts.random ?? systemRandom),
    directory: rules.directory.parse(parts.directory ?? rules.demo),
    book: rules.openBook(parts.dataDir),
    time,
    watch,
    errands: new Errands(time, watch),
    meter: new RequestMeter(time),
    baseUrl: 'http://127.0.0.1',
  };
}

/** The parts of a world that starting over concerns. */
type Restartable = Pick<World<KeptBook, SwitchTable, SwitchTable, unknown>, 'book' | 'watch' | 'errands' | 'meter'> & {
  readonly settings: { restart(): void };
  readonly faults: { restart(): void };
};

/** Gives up what is under way, forgets the book, and turns every switch back to where it was at the start. */
export function startOver({ book, settings, faults, watch, errands, meter }: Restartable): void {
  errands.stop();
  meter.clear();
  settings.restart();
  faults.restart();
  book.record({ kind: 'reset' });
  watch.changed();
}
