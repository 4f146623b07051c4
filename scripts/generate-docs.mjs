// `npm run generate`: rewrites the parts of the documentation that are made from the code, between their markers:
//   <!-- generated: name -->  …  <!-- end of generated -->
// What is outside the markers is written by hand and stays. `--check` changes nothing and fails where something is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { buildWhenStale } from './build-when-stale.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const documents = ['README.md', 'docs/settings.md', 'docs/problems.md', 'docs/transaction-states.md', 'docs/events.md'];
const block = /(<!-- generated: ([\w-]+) -->)[^]*?(<!-- end of generated -->)/g;

const parts = {
  settings: toSettings,
  problems: toProblems,
  'states-diagram': toDiagram,
  'states-table': toTransitions,
  events: toEvents,
};

buildWhenStale();
const { SETTING_ROWS } = await import('../dist/src/config/settings.js');
const { PROBLEMS } = await import('../dist/src/http/problem.js');
const { TRANSITIONS, FINAL_STATUSES, nextState } = await import('../dist/src/transactions/transaction-states.js');

const { createEventSchemas, listCatalogue } = await import('../dist/src/http/event-schemas.js');

const stale = [];
for (const path of documents) {
  const file = join(root, path);
  const before = readFileSync(file, 'utf8');
  const filled = before.replace(block, (_, start, name, end) => `${start}\n\n${getPart(name, path)()}\n\n${end}`);
  const after = await format(filled, { ...(await resolveConfig(file)), filepath: file });
  if (after === before) continue;
  stale.push(path);
  if (!process.argv.includes('--check')) writeFileSync(file, after);
}
await writeWhole('docs/event-schemas.json', JSON.stringify(await createEventSchemas()));
if (stale.length === 0) console.log('The generated documentation is up to date.');
else if (process.argv.includes('--check')) {
  console.error(`Not as the code says: ${stale.join(', ')}. npm run generate mends it.`);
  process.exitCode = 1;
} else console.log(`Rewritten: ${stale.join(', ')}`);

/** A file that is made from the code as a whole. */
async function writeWhole(path, text) {
  const file = join(root, path);
  const after = await format(text, { ...(await resolveConfig(file)), filepath: file });
  if (existsSync(file) && readFileSync(file, 'utf8') === after) return;
  stale.push(path);
  if (!process.argv.includes('--check')) writeFileSync(file, after);
}

function getPart(name, path) {
  const part = parts[name];
  if (part === undefined) throw new Error(`${path} asks for "${name}"; there are ${Object.keys(parts).join(', ')}.`);
  return part;
}

/** One table for each family of events. */
function toEvents() {
  const families = {};
  for (const entry of listCatalogue()) (families[entry.family] ??= []).push(entry);
  return Object.entries(families)
    .map(([family, entries]) =>
      [
        `## ${family.replaceAll('_', ' ')}`,
        '',
        toTable(
          ['Type', 'What it tells'],
          entries.map(({ type, meaning }) => [`\`${type}\``, meaning]),
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

function toSettings() {
  return toTable(
    ['Setting', 'Default', 'What it does'],
    SETTING_ROWS.map(({ name, default: usual, description }) => [`\`${name}\``, toDefault(usual), description]),
  );
}

/** A default that one could type is shown as such; one in words is words. */
function toDefault(text) {
  return /^[\w.$/:-]+$/.test(text) && text !== 'none' ? `\`${text}\`` : text;
}

function toProblems() {
  return toTable(
    ['`code`', 'Status', 'Title', '`type`'],
    Object.entries(PROBLEMS).map(([code, { status, title }]) => [
      `\`${code}\``,
      status,
      title,
      `\`https://malipo.dev/problems/${code.replaceAll('_', '-')}\``,
    ]),
  );
}

/** The road in the large: all ends are one box, and events that lead there from one status share an arrow. */
function toDiagram() {
  const isEnd = (status) => FINAL_STATUSES.includes(status);
  const arrows = new Map();
  for (const { from, event, outcomes } of listTransitions()) {
    for (const { to, condition } of outcomes) {
      if (to === undefined || to === from) continue;
      const between = isEnd(from) && isEnd(to);
      const arrow = between ? `${from} --> ${to}` : `${isEnd(from) ? 'ended' : from} --> ${isEnd(to) ? 'ended' : to}`;
      const label = condition === undefined || !isEnd(from) ? event : `${event} (${condition})`;
      arrows.set(arrow, new Set([...(arrows.get(arrow) ?? []), label]));
    }
  }
  const lines = [...arrows].map(([arrow, labels]) => `${arrow}: ${[...labels].join(', ')}`);
  const isInside = (line) => isEnd(line.split(' ')[0]);
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> created',
    '  [*] --> awaiting_approval',
    ...lines.filter((line) => !isInside(line)).map((line) => `  ${line}`),
    '  state ended {',
    ...FINAL_STATUSES.map((status) => `    ${status}`),
    ...lines.filter(isInside).map((line) => `    ${line}`),
    '  }',
    '```',
  ].join('\n');
}

function toTransitions() {
  return toTable(
    ['From', 'Event', 'To'],
    listTransitions().map(({ from, event, outcomes }) => [`\`${from}\``, event, outcomes.map(toOutcome).join('; ')]),
  );
}

function toOutcome({ to, condition }) {
  const target = to === undefined ? 'stays' : `\`${to}\``;
  return condition === undefined ? target : `${target} (${condition})`;
}

/** Every cell of the table with where it leads: once, or by the one fact that decides. */
function listTransitions() {
  return Object.entries(TRANSITIONS).flatMap(([from, row]) =>
    Object.keys(row).map((event) => ({ from, event, outcomes: findOutcomes(from, event) })),
  );
}

function findOutcomes(from, event) {
  const usual = { kind: 'collection', everSent: false, doubtReason: null, hasRefunds: false };
  const facts = [
    ['kind', [['collection', 'collection'], ['payout', 'payout'], ['refund', 'refund']]],
    ['everSent', [['once sent', true], ['never sent', false]]],
    ['doubtReason', [['undisputed', null], ['disputed', 'contradiction'], ['disputed', 'mismatch'], ['disputed', 'over_refunded']]],
    ['hasRefunds', [['no refund of ours', false], ['a refund of ours', true]]],
  ]; // prettier-ignore
  const deciding = facts
    .map(([name, values]) => {
      const conditions = new Map();
      for (const [words, value] of values) {
        const to = nextState(from, event, { ...usual, [name]: value });
        conditions.set(to, [...new Set([...(conditions.get(to) ?? []), words])]);
      }
      return conditions;
    })
    .filter((conditions) => conditions.size > 1);
  if (deciding.length > 1) throw new Error(`${from} ${event} depends on several facts: teach this script to say so.`);
  const [conditions] = deciding;
  if (conditions === undefined) return [{ to: nextState(from, event, usual) }];
  return [...conditions].map(([to, words]) => ({ to, condition: words.join(', ') }));
}

function toTable(head, rows) {
  const toLine = (cells) => `| ${cells.join(' | ')} |`;
  return [toLine(head), toLine(head.map(() => '---')), ...rows.map(toLine)].join('\n');
}
