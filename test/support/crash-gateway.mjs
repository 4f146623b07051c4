// A gateway in a process of its own that can be told to kill itself at an exact write, for the kill suites.
// Time runs faster here (TIME_FACTOR), so that leases and inquiries do not take their minutes; it goes on where it was
// after a restart, because it is counted from TIME_BASE.
import { startGateway } from '../../dist/src/gateway.js';
import { systemSeams } from '../../dist/src/config/config.module.js';
import { readSettings } from '../../dist/src/config/settings.js';
import { Database } from '../../dist/src/database/database.js';
import { createIdSource } from '../../dist/libs/primitives/src/index.js';

const base = Number(process.env.TIME_BASE);
const factor = Number(process.env.TIME_FACTOR);

let writes = 0;
let killAt = Infinity;
let killSide = 'before';

const write = Database.prototype.write;
Database.prototype.write = async function countedWrite(work) {
  const number = ++writes;
  if (number === killAt && killSide === 'before') process.kill(process.pid, 'SIGKILL');
  const value = await write.call(this, work);
  if (number === killAt && killSide === 'after') process.kill(process.pid, 'SIGKILL');
  return value;
};

const clock = { now: () => Math.round(base + (Date.now() - base) * factor) };
const scheduler = {
  after(delayMs, work) {
    const timer = setTimeout(work, Math.max(delayMs, 0) / factor);
    return () => clearTimeout(timer);
  },
};

const gateway = await startGateway(readSettings(process.env), {
  ...systemSeams(),
  clock,
  scheduler,
  ids: createIdSource(clock),
});

process.on('message', (message) => {
  if (message.kind === 'arm') {
    writes = 0;
    killAt = message.at;
    killSide = message.side;
    process.send({ kind: 'armed' });
  }
  if (message.kind === 'count') process.send({ kind: 'counted', writes });
});
process.on('disconnect', () => process.exit(0));
process.send({ kind: 'ready', baseUrl: gateway.baseUrl });
