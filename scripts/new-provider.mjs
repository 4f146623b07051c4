// `npm run new:provider -- <id> [Name]`: lays out libs/providers/<id> and its simulator in libs/simulators/<id>, with code
// that compiles and promises nothing: a capability is there once it is written, and the tests fail until the first one is.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { toSimulatorFiles } from './new-simulator.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [id, ...nameWords] = process.argv.slice(2);

process.exitCode = await main();

async function main() {
  if (id === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) {
    console.error('Usage: npm run new:provider -- <id> [Name], the id in kebab-case: acme-pay');
    return 2;
  }
  const folders = { provider: `libs/providers/${id}`, simulator: `libs/simulators/${id}` };
  const taken = Object.values(folders).filter((folder) => existsSync(join(root, folder)));
  if (taken.length > 0 || id === 'kit') {
    console.error(`${taken[0] ?? folders.simulator} exists already.`);
    return 1;
  }
  const pascal = toPascal(id);
  const names = {
    id,
    name: nameWords.join(' ') || toWords(id),
    pascal,
    camel: pascal[0].toLowerCase() + pascal.slice(1),
  };
  await writeFiles(join(root, folders.provider), toFiles(names));
  await writeFiles(join(root, folders.simulator), toSimulatorFiles(names));
  console.log(nextSteps(names));
  return 0;
}

async function writeFiles(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    const filepath = join(folder, path);
    mkdirSync(dirname(filepath), { recursive: true });
    // Where a line breaks depends on how long the names are.
    writeFileSync(filepath, await format(text, { ...(await resolveConfig(filepath)), filepath }));
  }
}

function toPascal(kebab) {
  return kebab.split('-').map(capitalise).join('');
}

function toWords(kebab) {
  return kebab.split('-').map(capitalise).join(' ');
}

function capitalise(word) {
  return word[0].toUpperCase() + word.slice(1);
}

function nextSteps({ camel }) {
  return `libs/providers/${id} and libs/simulators/${id} are laid out. From here (CONTRIBUTING.md, "Adding a provider"):
  2. README.md, src/config.ts and src/wire.ts from the provider's documents.
  3. fixtures/*.http: raw answers, one for each thing the provider can say.
  4. src/codes.ts and src/mapping.ts, until their spec is green.
  5. src/provider.ts and src/client.ts, until src/conformance.spec.ts is green.
  6. The simulator's calls in src/api.ts, its faults and its book, from the documents alone, and one payment in test/e2e.
  7. src/providers/registry.ts: import { ${camel} } from '#libs/providers/${id}', and name it in the list.
npm test -- libs/providers/${id} libs/simulators/${id} test/tidy.spec.ts says what is left.`;
}

function toFiles(names) {
  const { name, pascal, camel } = names;
  return {
    'README.md': `# ${name}

> **Not finished.** \`npm test -- libs/providers/${id} libs/simulators/${id} test/tidy.spec.ts\` fails until there is a capability in
> \`src/provider.ts\`, a fixture, a real host, and a line in \`src/providers/registry.ts\`. Remove this note then.

Where each fact below comes from, and when it was read, belongs beside it.

## Endpoints

## Authentication

## The same request twice

What the provider does with an id it has seen: this decides the dedupe strength, and so whether we may ever send again.

## Status words

## Callbacks

Signed or not, over which bytes, how often they are repeated, what answer they want.

## Limits

Amounts, decimals, rates, prompt life.

## Quirks

## What we don't know
`,
    'src/index.ts': `export { ${camel} } from './provider.js';
`,
    'src/config.ts': `import { z } from 'zod';
import { secretText } from '#libs/provider-kit';

/** What proves to ${name} who we are. */
export const Credentials = z.strictObject({
  apiKey: secretText('API key'),
});

export const Settings = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ title: 'Base URL', description: 'Another host; in test mode only.' }),
});

export type Credentials = z.infer<typeof Credentials>;
export type Settings = z.infer<typeof Settings>;
`,
    'src/wire.ts': `import { z } from 'zod';

/**
 * An answer that says no. One schema for each documented shape belongs here, loose where the provider may add fields,
 * strict about what we decide by.
 */
export const Refusal = z.looseObject({ code: z.string(), message: z.string().optional() });

export type Refusal = z.infer<typeof Refusal>;
`,
    'src/codes.ts': `import type { FailureReason } from '#libs/provider-kit';

interface CodeRow {
  readonly code: string;
  readonly reason: FailureReason;
  /** The page of the documents, or the recorded answer, and when it was read. */
  readonly source: string;
}

/** Their words for "no money moved" → ours. A word that is not here leaves doubt, and is never a failure. */
export const FAILURE_CODES: readonly CodeRow[] = [];
`,
    'src/mapping.ts': `import type { CredentialCheck, FailureReason, HttpExchange } from '#libs/provider-kit';
import { FAILURE_CODES } from './codes.js';
import { Refusal } from './wire.js';

/** Our word for a code of theirs; undefined for one that the documents do not name. */
export function toFailureReason(code: string): FailureReason | undefined {
  return FAILURE_CODES.find((row) => row.code === code)?.reason;
}

/** What the answer to a call that moves no money says about the credentials. */
export function toCredentialCheck(exchange: HttpExchange): CredentialCheck {
  if (exchange.kind !== 'response') return { kind: 'unreachable', detail: exchange.cause };
  const { status, body } = exchange;
  if (status !== 401 && status !== 403) return { kind: 'unreachable', detail: \`unknown answer (HTTP \${status})\` };
  return { kind: 'refused', detail: Refusal.safeParse(body).data?.code ?? \`HTTP \${status}\` };
}
`,
    'src/mapping.spec.ts': `import type { HttpExchange } from '#libs/provider-kit';
import { toCredentialCheck, toFailureReason } from './mapping.js';

function answer(status: number, body: unknown): HttpExchange {
  return { kind: 'response', status, headers: {}, text: JSON.stringify(body), body, durationMs: 1 };
}

describe('${id} mapping', () => {
  it('knows no reason for a code that the documents do not name', () => {
    expect(toFailureReason('a new word')).toBeUndefined();
  });

  it.each([
    { exchange: answer(401, { code: 'bad_key' }), expected: { kind: 'refused', detail: 'bad_key' } },
    { exchange: answer(403, '<html>'), expected: { kind: 'refused', detail: 'HTTP 403' } },
    { exchange: answer(500, {}), expected: { kind: 'unreachable', detail: 'unknown answer (HTTP 500)' } },
    { exchange: { kind: 'notSent', cause: 'ECONNREFUSED' } as const, expected: { kind: 'unreachable', detail: 'ECONNREFUSED' } },
  ])('reads $expected about the credentials', ({ exchange, expected }) => {
    expect(toCredentialCheck(exchange)).toEqual(expected);
  });
});
`,
    'src/client.ts': `import type { Account, HttpExchange, ProviderDeps } from '#libs/provider-kit';
import type { Credentials, Settings } from './config.js';

/** The calls of ${name}, for one account: URLs and headers. It returns exchanges and decides nothing. */
export interface ${pascal}Client {
  /** A call that needs valid credentials and moves no money. */
  ping(): Promise<HttpExchange>;
}

export function create${pascal}Client(
  { baseUrl, credentials }: Account<Credentials, Settings>,
  { http }: Pick<ProviderDeps, 'http'>,
): ${pascal}Client {
  const headers = { authorization: \`Bearer \${credentials.apiKey}\` };
  return {
    // Until the documents say which call that is, this one reaches a host that exists nowhere.
    ping: () => http.send({ method: 'GET', url: \`\${baseUrl}/\`, headers }),
  };
}
`,
    'src/callbacks.ts': `import type { Callbacks } from '#libs/provider-kit';

/**
 * Reads what ${name} posts to us. Not connected in \`provider.ts\` before it can: an adapter without \`callbacks\` says so.
 * Verify on the raw bytes, then parse; both functions are pure.
 */
export const callbacks: Callbacks = {
  authenticate: () => 'unsigned', // A hint that makes us ask, whoever sent it.
  parse: () => undefined, // No message of theirs is known yet.
};
`,
    'src/provider.ts': `import type { ProviderDefinition } from '#libs/provider-kit';
import { create${pascal}Client } from './client.js';
import { Credentials, Settings } from './config.js';
import { toCredentialCheck } from './mapping.js';

/** ${name}. */
export const ${camel}: ProviderDefinition<Credentials, Settings> = {
  id: '${id}',
  name: '${name.replaceAll("'", "\\'")}',
  hosts: { test: 'https://sandbox.${id}.invalid', live: 'https://api.${id}.invalid' },
  methods: [],
  operations: {}, // One entry for each capability that \`connect\` returns.
  rateLimit: null,
  sourceAddresses: [],
  credentials: Credentials,
  settings: Settings,
  connect(account, deps) {
    const client = create${pascal}Client(account, deps);
    return {
      check: async () => toCredentialCheck(await client.ping()),
    };
  },
};
`,
    'src/conformance.spec.ts': `import { ${camel} } from './provider.js';

// With the first capability and its simulator, \`describeProvider\` of '#libs/provider-kit/conformance' takes this test's place.
describe('${id}', () => {
  it('offers a way to move money', () => {
    expect(Object.keys(${camel}.operations)).not.toEqual([]);
  });
});
`,
  };
}
