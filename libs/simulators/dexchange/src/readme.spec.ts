import { readFileSync } from 'node:fs';
import { ROUTES } from './control.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';

const readme = readFileSync('libs/simulators/dexchange/README.md', 'utf8').replace(/ +/g, ' ').replaceAll('\\|', '|');

it.each(Object.entries({ ...SETTINGS, ...FAULTS }))(
  'the README describes %s as it is',
  (name, { description, type, default: fallback }) => {
    expect(readme).toContain(`| \`${name}\` | ${description} | ${type} | \`${JSON.stringify(fallback)}\` |`);
  },
);

it.each(ROUTES.map(({ method, shown }) => `${method} ${shown}`))('the README names %s', (call) => {
  expect(readme).toContain(`\`${call}\``);
});
