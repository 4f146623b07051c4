// `npm run check:image`: does the Dockerfile make an image that works, and do the services of docker-compose.yml work
// together? Without an engine: the steps are replayed in a temporary folder, and the services are processes on loopback.
// Needs MySQL or MariaDB and Redis (TEST_MYSQL_URL, TEST_REDIS_URL) and about two minutes.
// What it cannot see: the base images, users and networks inside containers, and compose itself.
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { createConnection } from 'mysql2/promise';
import { listFiles, replayDockerfile } from './dockerfile.mjs';
import { findFreePort, ImageProcess, readEnvFile, resolveVariables } from './image-process.mjs';
import { defaultServers, findServer } from './servers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isRoot = process.getuid() === 0;
const paymentLimitMs = 120_000;
const scratch = mkdtempSync(join(tmpdir(), 'malipo-image-'));
const running = [];

try {
  await main();
  console.log('The image works, as far as that can be seen without an engine.');
} catch (error) {
  console.error(error.message);
  for (const child of running) console.error(`\n--- ${child.name}\n${child.output}`);
  process.exitCode = 1;
} finally {
  for (const child of running) await child.stop().catch((error) => console.error(error.message));
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  const mysql = await requireServer(defaultServers.mysql);
  const redis = await requireServer(defaultServers.redis);
  chmodSync(scratch, 0o755);

  console.log('— the steps of the Dockerfile');
  // Where we may choose, the user that the image names: then what is not its own is read-only for it, as there.
  const image = replayDockerfile({
    context: root,
    scratch,
    owner: isRoot ? '1000:1000' : `${process.getuid()}:${process.getgid()}`,
  });
  assertContents(image);

  const database = `malipo_image_${process.pid}`;
  const url = Object.assign(new URL(mysql), { pathname: `/${database}` }).href;
  const server = await createConnection({ uri: mysql });
  try {
    await server.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await checkProduction(image, url);
    await server.query(`DROP DATABASE ${database}`);
    await server.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
    await checkTrial(image, url, redis);
  } finally {
    for (const child of running.splice(0)) await child.stop();
    await server.query(`DROP DATABASE IF EXISTS ${database}`);
    await server.end();
  }
}

async function requireServer(server) {
  const { url, detail } = await findServer(server);
  console.log(`${server.name}: ${detail}`);
  if (url === '') throw new Error(`${server.name} must answer here; ${server.variable} names another place.`);
  return url;
}

/** Production packages alone, and nothing that was not meant to be in it. */
function assertContents({ root: imageRoot, workdir, user }) {
  const app = join(imageRoot, workdir);
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const strays = Object.keys(packages).filter((path) => packages[path].dev === true && existsSync(join(app, path)));
  const files = listFiles(app).filter((path) => !path.startsWith('node_modules/'));
  strays.push(...files.filter((path) => /\.spec\.|\.ts$|(^|\/)\.(env|git)/.test(path)));
  if (strays.length > 0) throw new Error(`These do not belong into the image: ${strays.slice(0, 5).join(', ')}`);
  if (/^(root|0)\b/.test(user)) throw new Error('The image runs as root.');
  console.log(`  ${files.length} files beside node_modules, no development package, user ${user}`);
}

async function checkProduction(image, databaseUrl) {
  console.log('— production settings: one process on the database server');
  const settings = {
    MALIPO_PUBLIC_URL: 'https://pay.example.com',
    MALIPO_SECRET_KEY: randomBytes(32).toString('base64'),
    DATABASE_URL: databaseUrl,
  };
  const keyless = await start(image, 'without a key', image.command, { ...settings, MALIPO_SECRET_KEY: '' });
  if ((await keyless.end()) === 0 || !keyless.output.includes('MALIPO_SECRET_KEY is required')) {
    throw new Error('It started without a secret key, or did not say what is missing.');
  }
  const migrate = await start(image, 'migrate', ['node', 'scripts/admin.mjs', 'migrate'], settings);
  await migrate.succeed();
  const gateway = await start(image, 'gateway', image.command, settings);
  await gateway.untilHealthy(image.healthcheck);
  await expectAnswer(401, `${gateway.url}/v1/transactions`);
  const code = await gateway.stop();
  if (code !== 0) throw new Error(`SIGTERM ended the gateway with ${code}.`);
  if (await gateway.isHealthy(image.healthcheck)) throw new Error('The health check passes with nobody there.');
  console.log('  refuses to start without a key; with one it gets healthy, and ends with 0 on SIGTERM');
}

/** The services of docker-compose.yml that run our image, as processes: a payment must go through all of them. */
async function checkTrial(image, databaseUrl, redisUrl) {
  console.log('— docker-compose.yml: migrate, API, two workers, three simulated providers, demo merchant');
  const services = await readServices();
  // Each container has a name and a network of its own; processes on one machine have ports.
  const mpesaUrl = `http://127.0.0.1:${await findFreePort()}`;
  const monerooUrl = `http://127.0.0.1:${await findFreePort()}`;
  const dexchangeUrl = `http://127.0.0.1:${await findFreePort()}`;
  const apiUrl = `http://127.0.0.1:${await findFreePort()}`;
  const translate = (text) =>
    text
      .replace('http://api:3000', apiUrl)
      .replace(/http:\/\/(simulator-mpesa|127\.0\.0\.1):4000/, mpesaUrl)
      .replace(/http:\/\/(simulator-moneroo|127\.0\.0\.1):4001/, monerooUrl)
      .replace(/http:\/\/(simulator-dexchange|127\.0\.0\.1):4002/, dexchangeUrl)
      .replace(/^mysql:\/\/.*/, databaseUrl)
      .replace(/^redis:\/\/.*/, redisUrl)
      .replace('10.213.77.0/24', '127.0.0.0/8');
  const launch = (name, url) => {
    const { command, environment } = services[name];
    const own = Object.entries(environment).map(([key, value]) => [key, translate(value)]);
    const port = url && new URL(url).port;
    return start(image, name, (command ?? image.command).map(translate), Object.fromEntries(own), port);
  };

  const simulators = [
    await launch('simulator-mpesa', mpesaUrl),
    await launch('simulator-moneroo', monerooUrl),
    await launch('simulator-dexchange', dexchangeUrl),
  ];
  const migrate = await launch('migrate');
  await migrate.succeed();
  const gateways = [await launch('api', apiUrl), await launch('worker'), await launch('worker')];
  for (const gateway of gateways) await gateway.untilHealthy(image.healthcheck);
  for (const simulator of simulators)
    await simulator.untilHealthy(services[simulator.name].healthcheck.test.slice(1).map(translate));

  const first = await launch('trial');
  await first.succeed();
  const key = /Bearer (mlp_test_\w+)/.exec(first.output)?.[1];
  const second = await launch('trial');
  await second.succeed();
  if (!key || !second.output.includes(key)) throw new Error('A second run of the trial made another merchant.');
  await pay(apiUrl, mpesaUrl, key, {
    ...{ amount: '150.00', currency: 'KES', method: 'mpesa_ke' },
    customer: { phone: '+254700000123' },
  });
  await pay(apiUrl, monerooUrl, key, {
    ...{ amount: '2500', currency: 'XOF', method: 'mtn_bj', returnUrl: 'https://shop.example/thanks' },
    customer: { phone: '+2290190112233', firstName: 'Ama', lastName: 'Koffi', email: 'ama.k@example.com' },
  });
  await pay(apiUrl, dexchangeUrl, key, {
    ...{ amount: '3000', currency: 'XOF', method: 'wave_sn', returnUrl: 'https://shop.example/thanks' },
    customer: { phone: '+221770112233' },
  });
  console.log('  each simulated payment got from created to succeeded, and the books of the simulators agree');
}

/** What compose would read, with the secrets that `make-env.sh` makes. */
async function readServices() {
  const folder = mkdtempSync(join(scratch, 'trial-'));
  cpSync(join(root, '.env.example'), join(folder, '.env.example'));
  const makeEnv = new ImageProcess('make-env.sh', { argv: ['/bin/sh', join(root, 'scripts', 'make-env.sh'), folder] });
  running.push(makeEnv);
  await makeEnv.succeed();
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
  const { services } = load(text, { schema: CORE_SCHEMA.withTags(mergeTag) });
  return resolveVariables(services, readEnvFile(join(folder, '.env')));
}

async function pay(api, simulator, key, payment) {
  const reference = `IMAGE-${payment.method}`;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': reference };
  const created = await expectAnswer(201, `${api}/v1/collections`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ reference, ...payment }),
  });
  const deadline = Date.now() + paymentLimitMs;
  for (;;) {
    const { status } = await expectAnswer(200, `${api}/v1/transactions/${created.id}`, { headers });
    if (status === 'succeeded') break;
    if (Date.now() > deadline) throw new Error(`${created.id} is still ${status}.`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const transfers = await expectAnswer(200, `${simulator}/_control/transfers`);
  if (transfers.length !== 1)
    throw new Error(`The simulator's book holds ${transfers.length} movements in place of 1.`);
}

async function expectAnswer(expected, url, options) {
  const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  if (answer.status !== expected) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

async function start(image, name, argv, environment, port) {
  const child = new ImageProcess(name, {
    argv,
    cwd: join(image.root, image.workdir),
    environment: {
      ...image.env,
      ...environment,
      HOST: '127.0.0.1',
      ...(environment.DATA_DIR && { DATA_DIR: join(image.root, 'data') }),
      MALIPO_DATA_DIR: join(image.root, 'data'),
      PORT: String(port ?? (await findFreePort())),
    },
    ...(isRoot && { uid: 1000, gid: 1000 }),
  });
  running.push(child);
  return child;
}
