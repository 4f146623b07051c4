import { describeKills, onSqlite } from '../support/kill-suite.js';

describeKills('before', 'collection');
// Each side on one engine: what differs between the engines is killed above.
describeKills('before', 'payout', onSqlite);
