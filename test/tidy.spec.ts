// House rules that no linter knows. Each rule is a function from the files of the repository to findings:
// it must find nothing here, and it must find what is wrong in a small made-up tree, so that it cannot go blind.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Paths from the root of the repository, and what the files hold. */
type Tree = ReadonlyMap<string, string>;
type Rule = (tree: Tree) => string[];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = readRepository();

const registryPath = 'src/providers/registry.ts';
const providerFiles = [
  'README.md',
  ...'index provider config client wire codes mapping callbacks conformance.spec'
    .split(' ')
    .map((name) => `src/${name}.ts`),
];

/** The one file that may. */
const statusWriter = 'src/transactions/transaction-lifecycle.ts';
/** Ways in which a row of `transactions` could get another status: SQL, TypeORM's update, or the entity itself. */
const statusWrites = [
  /\bupdate\s+[`"]?transactions[`"]?\s+(?:\w+\s+)?set\b(?:(?!\bwhere\b)[^;])*?[\s,.`"]status[`"]?\s*=/i,
  /\binto\s+[`"]?transactions[`"]?\b[^;]*?\b(?:duplicate key update|do update set)\b[^;]*?\bstatus[`"]?\s*=/i,
  /\.update\(\s*(?:Transaction(?:Entity|Row)?|['"]transactions?['"])\s*[,)][^;]*?\bstatus\s*[:,}]/,
  /\btransactions?(?:Repository|Rows)?\s*\.(?:update|upsert|save)\([^;]*?\bstatus\s*[:,}]/,
  /\btransaction\.status\s*=[^=>]/,
];

// Put together, so that this file does not find itself.
const unfinished = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'];
const exclusive = ['sk' + 'ip', 'on' + 'ly', 'to' + 'do'];
const disable = 'eslint-' + 'disable';

describe('house rules', () => {
  const rules: [string, Rule, Record<string, string>, Record<string, string>][] = [
    [
      'every provider folder has the files that readers expect',
      findIncompleteProviders,
      providerTree('acme'),
      { ...providerTree('acme'), 'libs/providers/acme/src/wire.ts': '' },
    ],
    [
      'provider folders and the registry name each other',
      findUnregisteredProviders,
      { ...providerTree('acme'), [registryPath]: "import { acme } from '#libs/providers/acme';" },
      { ...providerTree('acme'), [registryPath]: "import { other } from '#libs/providers/other';" },
    ],
    [
      'a registered provider has no placeholder left',
      findPlaceholders,
      { 'libs/providers/acme/src/provider.ts': "const live = 'https://api.acme.example';" },
      { 'libs/providers/acme/src/provider.ts': "const live = 'https://api.acme.invalid';" },
    ],
    [
      'only the transaction lifecycle writes the status of a transaction',
      findStatusWriters,
      {
        'src/transactions/transaction-lifecycle.ts': 'sql(`UPDATE transactions SET status = ? WHERE id = ?`)',
        'src/batches/batches.service.ts':
          "await batches.update(PayoutBatch, { id }, { status: 'paused' }); transaction.status === 'x';",
      },
      { 'src/batches/batches.service.ts': "await manager.update(Transaction, { id }, { status: 'failed' });" },
    ],
    [
      'every fixture is read by a test',
      findOrphanFixtures,
      {
        'libs/providers/acme/fixtures/pay-ok.http': '',
        'libs/providers/acme/fixtures/query-17.http': '',
        'libs/providers/acme/src/mapping.spec.ts': "fixture('pay-ok'); fixture(`query-${code}.http`);",
      },
      {
        'libs/providers/acme/fixtures/pay-no.http': '',
        'libs/providers/acme/src/mapping.spec.ts': "fixture('pay-ok')",
      },
    ],
    [
      'unfinished work names its issue',
      findUnfinishedMarks,
      { 'src/a.ts': `// ${unfinished[0]}(#12): ask for the limit` },
      { 'src/a.ts': `// ${unfinished[0]}: ask for the limit` },
    ],
    [
      'no test is skipped or runs alone',
      findSkippedTests,
      { 'src/a.spec.ts': "it('works', () => {}); describe.each(rows)('x', () => {}); fit(size);" },
      { 'src/a.spec.ts': `it.${exclusive[0]}('works', () => {});` },
    ],
    [
      'every lint rule that is switched off is so on one line, with a reason',
      findUnexplainedDisables,
      { 'src/a.ts': `// ${disable}-next-line no-console -- The command prints its answer.` },
      { 'src/a.ts': `/* ${disable} no-console */` },
    ],
    [
      'every migration is in the list that runs them, once, in the order of their times',
      findUnlistedMigrations,
      {
        'migrations/1700000000000-first.ts': '',
        'migrations/1700000000001-second.ts': '',
        'migrations/index.ts': 'export const MIGRATIONS = [First1700000000000, Second1700000000001];',
      },
      {
        'migrations/1700000000000-first.ts': '',
        'migrations/1700000000001-second.ts': '',
        'migrations/index.ts': 'export const MIGRATIONS = [Second1700000000001, First1700000000000];',
      },
    ],
    [
      'decisions are numbered without gaps and fit on a page',
      findBadDecisions,
      { 'docs/decisions/0001-a-thing.md': '# 0001. A thing\n\n## Context\n\n## Decision\n\n## Consequences\n' },
      { 'docs/decisions/0002-a-thing.md': '# 0002. A thing\n\n## Context\n\n## Decision\n\n## Consequences\n' },
    ],
    [
      'no file names a path of one machine',
      findMachinePaths,
      { 'docs/a.md': 'Open /v1/work/items, or ./home/page, or https://malipo.dev/home/page.' },
      { 'docs/a.md': `Run ${['', 'home', 'amina', 'malipo'].join('/')}/start.sh` },
    ],
    [
      'the lockfile names no registry',
      findRegistryHosts,
      { 'package-lock.json': '{ "node_modules/a": { "version": "1.0.0", "integrity": "sha512-…" } }' },
      { 'package-lock.json': `{ "resolved": "https://registry.example/a.tgz" }` },
    ],
  ];

  describe.each(rules)('%s', (_name, rule, good, bad) => {
    it('here', () => expect(rule(repository)).toEqual([]));
    it('accepts a good example', () => expect(rule(toTree(good))).toEqual([]));
    it('sees a bad example', () => expect(rule(toTree(bad))).not.toEqual([]));
  });

  it.each([
    "await manager.update(TransactionEntity, { id, version }, { status: 'failed', version: version + 1 });",
    "await manager.createQueryBuilder().update(Transaction).set({ version, status }).where('id = :id', { id }).execute();",
    "await this.transactions.update({ id }, { status: 'failed' });",
    'await manager.query(`UPDATE transactions SET version = version + 1, status = ? WHERE id = ?`);',
    'await manager.query(`INSERT INTO transactions (id) VALUES (?) ON DUPLICATE KEY UPDATE status = VALUES(status)`);',
    "transaction.status = 'failed';",
  ])('takes this for a write of status: %s', (text) => {
    expect(findStatusWriters(toTree({ 'src/a.ts': text }))).toHaveLength(1);
  });

  it.each([
    'await manager.query(`UPDATE transactions SET receipt = ? WHERE id = ? AND status = ?`);',
    "await manager.update(Job, { id, status: 'due' }, { status: 'running' });",
    "if (transaction.status === 'pending') return;",
    "// transaction.status = 'failed' would be wrong here",
  ])('takes this for none: %s', (text) => {
    expect(findStatusWriters(toTree({ 'src/a.ts': text }))).toEqual([]);
  });

  it('reads the repository', () => {
    expect([...repository.keys()]).toEqual(expect.arrayContaining(['package.json', 'test/tidy.spec.ts']));
  });
});

// ————— Providers —————

function findIncompleteProviders(tree: Tree): string[] {
  return providersIn(tree).flatMap((id) => {
    const folder = `libs/providers/${id}`;
    const missing = providerFiles.filter((file) => !tree.get(`${folder}/${file}`)?.trim());
    if (pathsIn(tree, `${folder}/fixtures/`).length === 0) missing.push('fixtures/*.http');
    return missing.map((file) => `${folder}/${file} is missing or empty`);
  });
}

function findUnregisteredProviders(tree: Tree): string[] {
  const registry = tree.get(registryPath);
  if (registry === undefined) return providersIn(tree).map((id) => `${id}: there is no ${registryPath}`);
  const registered = [...registry.matchAll(/from '#libs\/providers\/([^/']+)'/g)].map(([, id]) => id ?? '');
  const present = providersIn(tree);
  return [
    ...present.filter((id) => !registered.includes(id)).map((id) => `libs/providers/${id} is not in ${registryPath}`),
    ...registered.filter((id) => !present.includes(id)).map((id) => `${registryPath} names ${id}, which has no folder`),
  ];
}

/** `npm run new:provider` fills what it cannot know with hosts under `.invalid`, which exist nowhere. */
function findPlaceholders(tree: Tree): string[] {
  return matches(tree, (path) => /^libs\/providers\/[^/]+\/src\/(?!.*\.spec\.ts$)/.test(path), /[\w-]+\.invalid\b/);
}

function findOrphanFixtures(tree: Tree): string[] {
  return [...tree.keys()].filter((path) => {
    const folder = /^(libs\/providers\/[^/]+\/)fixtures\//.exec(path)?.[1];
    if (folder === undefined) return false;
    const readers = [...tree].filter(([reader]) => reader.startsWith(folder) && reader.endsWith('.ts'));
    return !readers.some(([, text]) => namesFile(text, basename(path)));
  });
}

/** Whether a source names a file, in full or without its ending, by itself or through a template with gaps. */
function namesFile(text: string, file: string): boolean {
  const names = [file, file.replace(/\.[^.]+$/, '')];
  if (names.some((name) => new RegExp(`['"\`/]${escape(name)}['"\`]`).test(text))) return true;
  const templates = [...text.matchAll(/`([^`\n]*\$\{[^`\n]*)`/g)].map(([, template]) => template ?? '');
  return templates
    .map((template) => (template.split('/').at(-1) ?? '').split(/\$\{[^}]*\}/))
    .filter((parts) => parts.join('').replace(/\.[^.]+$/, '') !== '')
    .some((parts) => names.some((name) => new RegExp(`^${parts.map(escape).join('.+')}$`).test(name)));
}

// ————— Transactions —————

function findStatusWriters(tree: Tree): string[] {
  return [...tree]
    .filter(([path]) => /^src\/.+\.ts$/.test(path) && !path.endsWith('.spec.ts') && path !== statusWriter)
    .filter(([, text]) => statusWrites.some((pattern) => pattern.test(withoutComments(text))))
    .map(([path]) => `${path} writes the status of a transaction: report an event to TransactionLifecycle instead`);
}

// ————— Migrations, decisions —————

function findUnlistedMigrations(tree: Tree): string[] {
  const files = pathsIn(tree, 'migrations/').filter(
    (path) => path !== 'migrations/index.ts' && !path.endsWith('.spec.ts'),
  );
  const times = files
    .map((path) => /^migrations\/(\d{13})-[a-z0-9-]+\.ts$/.exec(path)?.[1] ?? `${path} (no time in its name)`)
    .sort();
  const list = /\bMIGRATIONS\b[^=]*=\s*\[([^\]]*)\]/.exec(tree.get('migrations/index.ts') ?? '')?.[1] ?? '';
  const listed = [...list.matchAll(/(\d{13})\b/g)].map(([time]) => time);
  return times.join() === listed.join()
    ? []
    : [`migrations/index.ts runs ${listed.join()}; the folder holds ${times.join()}`];
}

function findBadDecisions(tree: Tree): string[] {
  return pathsIn(tree, 'docs/decisions/')
    .sort()
    .flatMap((path, index) => {
      const text = tree.get(path) ?? '';
      const number = String(index + 1).padStart(4, '0');
      const findings: string[] = [];
      if (!new RegExp(`^${number}-[a-z0-9]+(-[a-z0-9]+)*\\.md$`).test(basename(path)))
        findings.push(`is not ${number}-some-title.md`);
      if (!text.startsWith(`# ${number}. `)) findings.push(`does not begin with "# ${number}. Title"`);
      if (text.trimEnd().split('\n').length > 60) findings.push('is longer than 60 lines');
      for (const part of ['Context', 'Decision', 'Consequences']) {
        if (!text.includes(`\n## ${part}\n`)) findings.push(`has no "## ${part}"`);
      }
      return findings.map((finding) => `${path} ${finding}`);
    });
}

// ————— Every file —————

function findUnfinishedMarks(tree: Tree): string[] {
  return matches(tree, isCode, new RegExp(`\\b(?:${unfinished.join('|')})\\b(?!\\(#\\d+\\))`));
}

/** Suites that need a server choose it in test/support, once for all: elsewhere a skipped test is a forgotten one. */
function findSkippedTests(tree: Tree): string[] {
  const words = exclusive.join('|');
  const pattern = new RegExp(
    `\\b(?:describe|it|test)(?:\\.\\w+)*\\.(?:${words})\\b|^\\s*(?:xit|xdescribe|xtest|fdescribe)\\(|^\\s*fit\\(['"\`]`,
    'm',
  );
  return matches(tree, (path) => isCode(path) && !path.startsWith('test/support/'), pattern);
}

function findUnexplainedDisables(tree: Tree): string[] {
  return matches(tree, isCode, new RegExp(`${disable}(?!-(?:next-)?line [^\\n]+ -- \\S)`));
}

function findMachinePaths(tree: Tree): string[] {
  const places = ['work', 'farm', 'root', 'home/[\\w.-]+', 'Users/[\\w.-]+', 'tmp/bash_jobs[\\w.]*'].join('|');
  // A container's own folders are no machine's.
  return matches(
    tree,
    (path) => !/(^|\/)(Dockerfile|docker-compose\.yml)$/.test(path),
    new RegExp(`(?<![\\w.:/*-])/(?:${places})/`),
  );
}

function findRegistryHosts(tree: Tree): string[] {
  return matches(tree, (path) => path === 'package-lock.json', /"resolved":\s*"https?:/);
}

// ————— Helpers —————

function matches(tree: Tree, isConcerned: (path: string) => boolean, pattern: RegExp): string[] {
  return [...tree]
    .filter(([path]) => isConcerned(path))
    .flatMap(([path, text]) => {
      const found = pattern.exec(text);
      if (!found) return [];
      const line = text.slice(0, found.index).split('\n').length;
      return [`${path}:${String(line)} ${found[0].trim()}`];
    });
}

function isCode(path: string): boolean {
  return /\.(ts|tsx|js|mjs|cjs|sh|yml)$/.test(path) || path === '.ci/run';
}

function pathsIn(tree: Tree, folder: string): string[] {
  return [...tree.keys()].filter((path) => path.startsWith(folder));
}

function providersIn(tree: Tree): string[] {
  const ids = [...tree.keys()].map((path) => /^libs\/providers\/([^/]+)\/src\/index\.ts$/.exec(path)?.[1] ?? '');
  return [...new Set(ids)].filter((id) => id !== '').sort();
}

/** A provider folder as the rules want it. */
function providerTree(id: string): Record<string, string> {
  const files = [...providerFiles, 'fixtures/a.http'];
  return Object.fromEntries(files.map((file) => [`libs/providers/${id}/${file}`, 'text']));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function toTree(files: Record<string, string>): Tree {
  return new Map(Object.entries(files));
}

/** All text files that are committed, or would be by the next commit. */
function readRepository(): Tree {
  const listing = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const paths = listing.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
  const texts = paths.map((path): [string, Buffer] => [path, readFileSync(join(root, path))]);
  return new Map(
    texts.filter(([, bytes]) => !bytes.includes(0)).map(([path, bytes]) => [path, bytes.toString('utf8')]),
  );
}
