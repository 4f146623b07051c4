// `npm run capabilities`: runs the conformance suite of every provider and writes what it proved into
// docs/providers/capabilities.md. A whole `npm test` compares the page with its own results.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const page = join(root, 'docs', 'providers', 'capabilities.md');

const ROWS = [
  ['Collections', 'collections'],
  ['Payouts', 'payouts'],
  ['Reversals (refunds by the provider)', 'reversals'],
  ['Hosted links', 'links'],
  ['Balance', 'balance'],
  ['Catalogue of methods', 'catalogue'],
  ['Callbacks and webhooks', 'callbacks'],
  ['Access tokens', 'token'],
  ['Account check', 'account'],
  ['Facts', 'facts'],
];

const DEDUPE = {
  idempotent: 'our attempt id is its key',
  queryable: 'it can be asked by our attempt id',
  refusesDuplicates: 'it refuses our attempt id a second time',
  neither: 'nothing: never sent again',
};
const INQUIRY = {
  attemptId: 'our attempt id',
  providerReference: "the provider's own id",
  nothing: 'not at all',
};

/** The reports in a folder, by provider; undefined where a provider of ours is missing, for the run was not a whole one. */
export function readReports(folder) {
  const providers = readdirSync(join(root, 'libs', 'providers')).sort();
  const files = providers.map((provider) => join(folder, `${provider}.json`));
  return files.every((file) => existsSync(file))
    ? files.map((file) => JSON.parse(readFileSync(file, 'utf8')))
    : undefined;
}

/** Whether the page says what these reports say. */
export async function isPageCurrent(reports) {
  return existsSync(page) && readFileSync(page, 'utf8') === (await toPage(reports));
}

async function toPage(reports) {
  const text = [
    '# What each provider can do',
    'Made by `npm run capabilities` from the results of the conformance suite, which plays each adapter against its simulator',
    'over real HTTP. A cell says how many rules were tried and held. The simulators were written from the documents of the',
    'providers; nothing here was tried against a provider itself.',
    '',
    toTable(
      ['', ...reports.map(({ name }) => name)],
      [
        ['Methods', ...reports.map(({ methods }) => methods)],
        ['Countries', ...reports.map(({ countries }) => countries.join(', '))],
        ['Currencies', ...reports.map(({ currencies }) => currencies.join(', '))],
        ...ROWS.map(([title, subject]) => [title, ...reports.map(({ capabilities }) => toCell(capabilities[subject]))]),
      ],
    ),
    '',
    '## What protects money that moves',
    'How a provider tells the same order twice, and what can be learned about one whose answer was lost. The engine follows',
    'these declared facts; nothing about a provider is coded in it.',
    '',
    toTable(
      ['Provider', 'Movement', 'Against doubles', 'Asked about by', 'A proof that nothing was taken'],
      reports.flatMap(({ name, capabilities }) =>
        Object.entries(capabilities).flatMap(([subject, { facts }]) =>
          facts ? [[name, subject, ...toFacts(facts)]] : [],
        ),
      ),
    ),
    '',
    'The rules are in [the conformance suite](../../libs/provider-kit/conformance/src); `npm test -- --verbose` with the path',
    'of a `conformance.spec.ts` names each of them.',
  ].join('\n');
  return format(text, { ...(await resolveConfig(page)), filepath: page });
}

function toCell({ supported, checks }) {
  const passed = checks.filter((check) => check.passed).length;
  if (!supported) return '–';
  return checks.length === 0 ? 'yes' : `${passed} of ${checks.length}`;
}

function toFacts({ dedupe, inquireBy, absentAfterMs }) {
  const absence =
    absentAfterMs === null ? 'none exists' : `"absent", from ${absentAfterMs / 60_000} min after the send`;
  return [DEDUPE[dedupe], INQUIRY[inquireBy], absence];
}

function toTable(head, rows) {
  const toLine = (cells) => `| ${cells.join(' | ')} |`;
  return [toLine(head), toLine(head.map(() => '---')), ...rows.map(toLine)].join('\n');
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'malipo-conformance-'));
  try {
    const parameters = [join(root, 'scripts', 'test.mjs'), 'libs/providers/.*/conformance.spec.ts'];
    const { status } = spawnSync(process.execPath, parameters, {
      stdio: 'inherit',
      env: { ...process.env, CONFORMANCE_REPORT: folder },
    });
    if (status !== 0) return 1;
    writeFileSync(page, await toPage(readReports(folder)));
    console.log('Written: docs/providers/capabilities.md');
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await main();
