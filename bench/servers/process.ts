// A contestant as a process of its own: `bench/main.ts` forks this file and talks to it over IPC.
import { getContestant } from './contestants.js';
import type { BenchDatabase } from './server.js';

/** What the parent asks. */
export type Question = { readonly ask: 'cpu' } | { readonly ask: 'close' };
/** What it hears: where to send requests, then the processor time used so far in microseconds. */
export type Reply =
  | { readonly kind: 'ready'; readonly baseUrl: string; readonly apiKey: string }
  | { readonly kind: 'cpu'; readonly us: number };

const [name = '', database = ''] = process.argv.slice(2);
const server = await getContestant(name).start(JSON.parse(database) as BenchDatabase);
const reply = (answer: Reply) => process.send?.(answer);

process.on('message', (question: Question) => {
  if (question.ask === 'cpu') {
    const { user, system } = process.cpuUsage();
    reply({ kind: 'cpu', us: user + system });
  } else {
    void server.close().finally(() => process.exit(0));
  }
});
// The parent is gone: so is the reason to be here.
process.on('disconnect', () => process.exit(1));
reply({ kind: 'ready', baseUrl: server.baseUrl, apiKey: server.apiKey });
