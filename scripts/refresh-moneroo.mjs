// `npm run refresh:moneroo -- --key <secret key> [--base-url <url>]`: writes the method dataset of the Moneroo adapter anew from
// the live catalogues and prints what became different. A method that Moneroo stopped listing leaves the dataset.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'libs/providers/moneroo/data/methods.json');
const TIMEOUT_MS = 30_000;

const { values } = parseArgs({
  options: {
    key: { type: 'string', default: process.env.MONEROO_KEY ?? '' },
    'base-url': { type: 'string', default: 'https://api.moneroo.io' },
    file: { type: 'string', default: file },
    'dry-run': { type: 'boolean', default: false },
  },
});

const before = JSON.parse(readFileSync(values.file, 'utf8'));
const [payments, payouts] = [await fetchMethods('payment'), await fetchMethods('payout')];
const after = toDataset(before.methods, payments, payouts);
const differences = compare(before.methods, after);
console.log(differences.length === 0 ? 'The dataset is as Moneroo lists it.' : differences.join('\n'));
if (differences.length > 0 && !values['dry-run']) {
  const date = new Date().toISOString().slice(0, 10);
  const source = `${values['base-url']}/utils/{payment,payout}/methods`;
  writeFileSync(values.file, `${JSON.stringify({ source, date, methods: after }, null, 2)}\n`);
  console.log(`Written to ${values.file}: run \`npm run format\` and the tests, then read the differences once more.`);
}

/** The catalogue is public; a key is sent where one is given, in case that changes. */
async function fetchMethods(kind) {
  const url = `${values['base-url'].replace(/\/+$/, '')}/utils/${kind}/methods`;
  const authorization = values.key === '' ? {} : { authorization: `Bearer ${values.key}` };
  const answer = await fetch(url, {
    headers: { accept: 'application/json', ...authorization },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = answer.ok ? await answer.json() : undefined;
  const listed = Array.isArray(body?.data) ? body.data.filter(isMethod) : [];
  // An empty or unreadable list would empty the dataset.
  if (listed.length === 0) throw new Error(`${url} answered HTTP ${answer.status} without a list of methods.`);
  return new Map(listed.filter((method) => method.is_enabled !== false).map((method) => [method.short_code, method]));
}

function isMethod(method) {
  return (
    typeof method?.short_code === 'string' &&
    typeof method.currency?.code === 'string' &&
    Array.isArray(method.countries)
  );
}

/** What the catalogues do not say (the type, the operator's name) is kept from before. */
function toDataset(known, payments, payouts) {
  return [...new Set([...payments.keys(), ...payouts.keys()])].sort().map((code) => {
    const old = known.find((method) => method.code === code);
    const listed = payouts.get(code) ?? payments.get(code);
    const countries = listed.countries.map((country) => ({
      code: country.code,
      dialCode: country.dial_code ? String(country.dial_code).replace(/\D/g, '') : null,
    }));
    return {
      code,
      name: listed.name,
      type: old?.type ?? guessType(code),
      operator: old?.operator ?? listed.name,
      currency: listed.currency.code,
      countries: countries.length > 0 ? countries : (old?.countries ?? [{ code: '*', dialCode: null }]),
      payment: payments.has(code),
      payout: payouts.has(code),
      recipientFields: payouts.has(code) ? (payouts.get(code).fields ?? []).map((field) => field.name) : [],
    };
  });
}

function guessType(code) {
  return ['card', 'crypto'].find((type) => code.startsWith(`${type}_`)) ?? 'mobile_money';
}

function compare(before, after) {
  const find = (methods, code) => methods.find((method) => method.code === code);
  const gone = before.filter(({ code }) => !find(after, code)).map(({ code }) => `- ${code}`);
  const fresh = after.filter(({ code }) => !find(before, code)).map(({ code, name }) => `+ ${code} (${name})`);
  const changed = after.flatMap((method) => {
    const old = find(before, method.code);
    if (!old) return [];
    return Object.keys(method)
      .filter((field) => JSON.stringify(method[field]) !== JSON.stringify(old[field]))
      .map((field) => `~ ${method.code}.${field}: ${JSON.stringify(old[field])} → ${JSON.stringify(method[field])}`);
  });
  return [...gone, ...fresh, ...changed];
}
