import { readFileSync } from 'node:fs';
import { findUndocumented } from '#libs/simulators/kit';
import { ROUTES } from './control.js';
import { FAULTS } from './faults.js';
import { SETTINGS } from './settings.js';

it('the README describes every switch and control call as it is', () => {
  const readme = readFileSync('libs/simulators/mpesa/README.md', 'utf8');
  expect(findUndocumented(readme, { routes: ROUTES, switches: { ...SETTINGS, ...FAULTS } })).toEqual([]);
});
