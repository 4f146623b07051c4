// The simulator that `npm run new:provider` lays out beside an adapter: it listens, keeps a book, answers the control API
// and knows no call of the provider's yet. Everything that is the same for every simulator is in libs/simulators/kit.

/** The files of libs/simulators/<id>, by path. */
export function toSimulatorFiles({ id, name, pascal }) {
  return {
    'README.md': `# Simulated ${name}

A real HTTP server that behaves as ${name} does. It is written from the provider's documents alone and shares no code with the
adapter: where both are wrong, they are wrong separately. What no page says is marked as an assumption of ours below.

As a process of its own: \`node dist/libs/simulators/${id}/src/main.js\`. It reads \`PORT\` (0), \`HOST\` (127.0.0.1), \`DATA_DIR\`
(memory only), every setting in upper case, \`FAULTS\` and \`DIRECTORY\` (the merchants) as JSON, and prints
\`{"ready":true,"simulator":"${id}","baseUrl":"http://127.0.0.1:…"}\` when it listens.

## Calls

None yet.

## Settings

| Name | What it does | Takes | Default |
| --- | --- | --- | --- |
| \`requestsPerMinute\` | Requests a key may make in a minute before it gets 429; 0 has no limit. | whole number from 0 | \`0\` |

## Faults

| Name | What it does | Takes | Default |
| --- | --- | --- | --- |
| \`requestLost\` | The connection is cut before the request is looked at. | dose: false, true, a number of times, or "25%" | \`false\` |
| \`errorBefore\` | HTTP 500; nothing was taken. | dose: false, true, a number of times, or "25%" | \`false\` |
| \`slowAnswer\` | The answer is kept back for slowAnswerMs. The request is taken at once. | dose: false, true, a number of times, or "25%" | \`false\` |
| \`slowAnswerMs\` | How long slowAnswer keeps it. | whole number from 0 | \`30000\` |

## Control API

| Call | Answers |
| --- | --- |
| \`GET /_control/health\` | that it is there, and what it holds |
| \`GET /_control/transfers\` | the book of money that moved |
| \`GET /_control/faults\`, \`PUT /_control/faults\`, \`DELETE /_control/faults\`, \`DELETE /_control/faults/{name}\` | every fault; sets the named; clears all, or one |
| \`GET /_control/settings\`, \`PUT /_control/settings\`, \`DELETE /_control/settings\` | every setting; sets the named; back to the start |
| \`POST /_control/idle\` | waits up to \`waitMs\` until nothing is under way |
| \`POST /_control/reset\` | forgets everything |
`,
    'src/main.ts': `import { runSimulator } from '#libs/simulators/kit';
import { DirectorySchema } from './directory.js';
import { start${pascal}Simulator } from './index.js';
import { SETTINGS } from './settings.js';

runSimulator({ name: '${id}', settings: SETTINGS, directory: DirectorySchema, start: start${pascal}Simulator });
`,
    'src/index.ts': `import { startSimulator, type Doors, type RunningSimulator, type SimulatorOptions } from '#libs/simulators/kit';
import { callApi } from './api.js';
import type { Transfer } from './book.js';
import { ROUTES } from './control.js';
import type { DirectoryInput } from './directory.js';
import type { FaultValues } from './faults.js';
import type { SettingValues } from './settings.js';
import { Simulator } from './simulator.js';

export { DEFAULT_DIRECTORY } from './directory.js';

/** How to start a simulated ${name}. The directory holds the merchants and their keys. */
export type ${pascal}SimulatorOptions = SimulatorOptions<SettingValues, FaultValues, DirectoryInput>;

/** A simulated ${name} that listens, and what a test in the same process may do with it without HTTP. */
export interface ${pascal}Simulator extends RunningSimulator<SettingValues, FaultValues> {
  /** The book of money, as \`GET /_control/transfers\` shows it. */
  transfers(): readonly Transfer[];
}

/** ${name} and the control API. */
const DOORS: Doors<Simulator> = { control: ROUTES, api: callApi, tooLarge: { message: 'Payload too large' } };

/** Starts a server that behaves as ${name} does. Resolves when it listens. */
export async function start${pascal}Simulator(options: ${pascal}SimulatorOptions = {}): Promise<${pascal}Simulator> {
  const simulator = new Simulator(options);
  const { book } = simulator.world;
  return { ...(await startSimulator(simulator, DOORS, options)), transfers: () => book.transfers };
}
`,
    'src/simulator.ts': `import { createWorld, startOver, type World as SimulatorWorld, type WorldParts } from '#libs/simulators/kit';
import { Book } from './book.js';
import { DEFAULT_DIRECTORY, DirectorySchema, type Directory, type DirectoryInput } from './directory.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';

/** What every part of the simulator may use. */
export type World = SimulatorWorld<Book, typeof SETTINGS, typeof FAULTS, Directory>;

const RULES = {
  settings: SETTINGS,
  faults: FAULTS,
  directory: DirectorySchema,
  demo: DEFAULT_DIRECTORY,
  openBook: (dataDir?: string) => new Book(dataDir),
};

/** ${name} without its doors: the HTTP server and the control API are in front of it. */
export class Simulator {
  readonly world: World;

  constructor(parts: WorldParts<DirectoryInput>) {
    this.world = createWorld(RULES, parts);
  }

  /** Nothing happens by itself any more. */
  get isIdle(): boolean {
    return this.world.errands.isIdle;
  }

  /** Goes on with what an earlier run left. */
  resume(): void {
    // Nothing happens by itself yet.
  }

  /** Forgets everything, and turns every switch back to where it was at the start. */
  reset(): void {
    startOver(this.world);
  }

  /** The end: nothing more happens by itself. */
  close(): void {
    this.world.errands.stop();
  }
}
`,
    'src/api.ts': `import { json, type Answer, type Reply, type Request } from '#libs/simulators/kit';
import type { Simulator, World } from './simulator.js';

/** A call of ${name}'s API. None is known yet. */
export function callApi({ world }: Simulator, request: Request): Reply {
  const { faults, settings, meter } = world;
  if (faults.strikes('requestLost')) return { answer: 'cut' };
  if (faults.strikes('errorBefore')) return { answer: refusal(500, 'Internal server error') };
  const key = findKey(world, request);
  if (key === undefined) return { answer: refusal(401, 'Unauthorized') };
  if (meter.count(key, settings.get('requestsPerMinute')).isExceeded)
    return { answer: refusal(429, 'Too many requests') };
  const delayMs = faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0;
  return { answer: refusal(404, \`There is no \${request.path}\`), delayMs };
}

/** What went wrong, in the provider's words. */
function refusal(status: number, message: string): Answer {
  return json(status, { message });
}

/** The key of the request, where it is a merchant's. */
function findKey({ directory }: World, { headers }: Request): string | undefined {
  const key = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  return directory.merchants.find((merchant) => merchant.key === key)?.key;
}
`,
    'src/book.ts': `import { z } from 'zod';
import { BookFile } from '#libs/simulators/kit';

const TransferSchema = z.object({
  id: z.string(),
  direction: z.enum(['in', 'out']),
  /** Digits, country code first. */
  party: z.string(),
  /** Major units, a plain decimal. */
  amount: z.string(),
  currency: z.string(),
  /** The caller's own id. */
  reference: z.string(),
  at: z.number(),
});

/** Everything that can happen to the book: one line of the file each. */
const EntrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('moved'), transfer: TransferSchema }),
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type Transfer = z.infer<typeof TransferSchema>;

/**
 * The simulator's own book of money, and of everything that leads to money. It holds what the entries say and nothing
 * else, so reading the file again gives the same book. Rules live elsewhere: an entry carries results.
 */
export class Book {
  /** Money that moved, in the order in which it did. */
  readonly transfers: Transfer[] = [];
  private readonly file: BookFile<Entry>;

  /** Opens the book of that folder, or an empty one that lives in memory only. */
  constructor(dataDir?: string) {
    this.file = new BookFile({ name: '${id}', schema: EntrySchema, apply: (entry) => this.apply(entry) }, dataDir);
  }

  /** Writes down what happened. It counts at once, and is durable when \`durable()\` says so. */
  record(entry: Entry): void {
    this.file.record(entry);
  }

  durable(): Promise<void> {
    return this.file.durable();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private apply(entry: Entry): void {
    switch (entry.kind) {
      case 'moved':
        this.transfers.push(entry.transfer);
        return;
      case 'reset':
        this.transfers.length = 0;
    }
  }
}
`,
    'src/control.ts': `import { controlRoute, healthRoute, json, lifeRoutes, switchRoutes, type ControlRoute } from '#libs/simulators/kit';
import type { Simulator } from './simulator.js';

const route = controlRoute<Simulator>;

/** Every control call, in the order of the documentation. Nothing under \`/_control\` exists at ${name}. */
export const ROUTES: readonly ControlRoute<Simulator>[] = [
  healthRoute('${id}', ({ world }) => ({ transfers: world.book.transfers.length })),
  route('GET', '/_control/transfers', ({ world }) => json(200, world.book.transfers)),
  ...switchRoutes<Simulator>(),
  ...lifeRoutes<Simulator>(),
];
`,
    'src/settings.ts': `import { whole, type ValuesOf } from '#libs/simulators/kit';

/** How the simulated world is when nothing goes wrong: its rules, its clocks, its limits. */
export const SETTINGS = {
  requestsPerMinute: whole('Requests a key may make in a minute before it gets 429; 0 has no limit.', 0),
} as const;

export type SettingValues = ValuesOf<typeof SETTINGS>;
`,
    'src/faults.ts': `import { dose, whole, type ValuesOf } from '#libs/simulators/kit';

/** Everything that goes wrong at ${name} now and then, each off until it is asked for. */
export const FAULTS = {
  requestLost: dose('The connection is cut before the request is looked at.'),
  errorBefore: dose('HTTP 500; nothing was taken.'),
  slowAnswer: dose('The answer is kept back for slowAnswerMs. The request is taken at once.'),
  slowAnswerMs: whole('How long slowAnswer keeps it.', 30_000),
} as const;

export type FaultValues = ValuesOf<typeof FAULTS>;
`,
    'src/directory.ts': `import { z } from 'zod';

const Merchant = z.strictObject({ name: z.string().min(1), key: z.string().min(1) });

/** The merchants, and the key of each. */
export const DirectorySchema = z
  .strictObject({ merchants: z.array(Merchant).min(1) })
  .refine(({ merchants }) => new Set(merchants.map(({ key }) => key)).size === merchants.length, 'a key used twice');

export type Directory = z.infer<typeof DirectorySchema>;
export type DirectoryInput = z.input<typeof DirectorySchema>;

/** Of our own making. */
export const DEFAULT_DIRECTORY: DirectoryInput = { merchants: [{ name: 'Demo shop', key: 'demo-${id}-key' }] };
`,
    'src/readme.spec.ts': `import { readFileSync } from 'node:fs';
import { findUndocumented } from '#libs/simulators/kit';
import { ROUTES } from './control.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';

it('the README describes every switch and control call as it is', () => {
  const readme = readFileSync('libs/simulators/${id}/README.md', 'utf8');
  expect(findUndocumented(readme, { routes: ROUTES, switches: { ...SETTINGS, ...FAULTS } })).toEqual([]);
});
`,
    'src/api.spec.ts': `import { DEFAULT_DIRECTORY, start${pascal}Simulator, type ${pascal}Simulator } from './index.js';

let simulator: ${pascal}Simulator;
beforeAll(async () => {
  simulator = await start${pascal}Simulator();
});
afterAll(() => simulator.close());
beforeEach(() => simulator.reset());

async function call(path: string, key = DEFAULT_DIRECTORY.merchants[0]?.key ?? ''): Promise<number> {
  const { status } = await fetch(simulator.baseUrl + path, { headers: { Authorization: \`Bearer \${key}\` } });
  return status;
}

it('listens, and knows its merchant', async () => {
  expect(await call('/_control/health')).toBe(200);
  expect(await call('/anything', 'a-key-of-somebody-else')).toBe(401);
  expect(await call('/anything')).toBe(404);
});

it('goes wrong where it is told to', async () => {
  simulator.setFaults({ errorBefore: 1 });
  expect(await call('/anything')).toBe(500);
  expect(await call('/anything')).toBe(404);
});
`,
  };
}
