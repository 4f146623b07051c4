import { describeKills, onServer } from '../support/kill-suite.js';

describeKills('after', 'collection');
// Each side on one engine: what differs between the engines is killed above.
describeKills('after', 'payout', onServer);
