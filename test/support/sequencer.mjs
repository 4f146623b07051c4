// On a machine that has never run these tests jest starts the largest files first, and some of the longest are small: begun
// last, one of them keeps one core busy while the other has nothing left to do. So the longest begin first, always.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sequencer from '@jest/test-sequencer';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What `npm test` names as slow at its end, the longest first. */
const LONGEST = [
  'test/e2e/kill-before-write.spec.ts',
  'test/e2e/kill-after-write.spec.ts',
  'test/simulation.spec.ts',
  'test/e2e/moneroo.spec.ts',
  'test/e2e/redis-outages.spec.ts',
  'test/e2e/first-run.spec.ts',
  'src/webhooks/sleeping-subscriber.spec.ts',
  'test/e2e/dexchange.spec.ts',
  'test/e2e/kill-webhooks.spec.ts',
  'test/e2e/chaos.spec.ts',
];

const rankOf = new Map(LONGEST.map((file, index) => [join(root, file), index]));
const gone = LONGEST.filter((file) => !existsSync(join(root, file)));
if (gone.length > 0) throw new Error(`test/support/sequencer.mjs names files that are no more: ${gone.join(', ')}`);

/** Jest's own order, but for the longest files. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => rankOf.get(path) ?? LONGEST.length;
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
