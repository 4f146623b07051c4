// The files that others run: an engine would only find out later that one of them has drifted from the code.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { readSettings, SETTING_ROWS } from '../src/config/settings.js';

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: string[];
  readonly environment?: Record<string, string>;
  readonly ports?: string[];
  readonly volumes?: string[];
  readonly networks?: string[];
  readonly profiles?: string[];
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck?: { test?: string | string[]; disable?: boolean };
  readonly deploy?: { replicas?: number };
  readonly [other: string]: unknown;
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly networks?: Record<string, { ipam?: { config: { subnet: string }[] } } | null>;
  readonly volumes?: Record<string, unknown>;
}

type Variables = Readonly<Record<string, string>>;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const readCompose = (file: string): Compose => load(read(file), { schema: CORE_SCHEMA.withTags(mergeTag) }) as Compose;

const settingNames = new Set(SETTING_ROWS.map(({ name }) => name));
const simulators = ['simulator-mpesa', 'simulator-moneroo', 'simulator-dexchange'];
const composeOnly = [
  'MYSQL_ROOT_PASSWORD',
  'MYSQL_PASSWORD',
  'REDIS_PASSWORD',
  'API_PORT',
  'PHONES_PORT',
  'CHECKOUT_PORT',
  'DEXCHANGE_PORT',
  'MAIL_PORT',
];
const gateways = ['migrate', 'api', 'worker', 'trial'];

describe('The Dockerfile', () => {
  const text = read('Dockerfile');
  const packageJson = JSON.parse(read('package.json')) as { version: string; engines: { node: string } };
  const lastStage = text.slice(text.lastIndexOf('\nFROM '));

  it('builds every stage on one exact version of Node, which is one that we support', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? '');
    expect(bases.length).toBeGreaterThan(1);
    expect(new Set(bases).size).toBe(1);
    const version = /^node:(\d+)\.(\d+)\.\d+-bookworm-slim$/.exec(bases[0] ?? '');
    expect(version).not.toBeNull();
    const [major = 0, minor = 0] = packageJson.engines.node.match(/\d+/g)?.map(Number) ?? [];
    expect(Number(version?.[1]) * 1_000 + Number(version?.[2])).toBeGreaterThanOrEqual(major * 1_000 + minor);
  });

  it('ships production packages and what was built, for a user who is not root', () => {
    expect(lastStage).toMatch(/COPY --from=dependencies \/app\/node_modules /);
    expect(text).toMatch(/AS dependencies\n(?:.+\n)*?RUN npm ci --omit=dev\n/);
    expect(lastStage).not.toMatch(/RUN npm/);
    expect(lastStage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(lastStage).toMatch(/^VOLUME \/data$/m);
    // A shell as process 1 would not hand SIGTERM on.
    expect(lastStage).toMatch(/^CMD \["node", "dist\/src\/main\.js"\]$/m);
  });

  it('is labelled with the version of the package', () => {
    expect(lastStage).toContain(`org.opencontainers.image.version="${packageJson.version}"`);
    expect(readCompose('docker-compose.yml').services['api']?.image).toBe(`malipo:${packageJson.version}`);
  });

  it('sets production, and names only settings that there are', () => {
    const block = /^ENV ((?:.+\\\n)*.+)$/m.exec(lastStage)?.[1] ?? '';
    const env = Object.fromEntries([...block.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    expect(env).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0', MALIPO_DATA_DIR: '/data' });
    expect(Object.keys(env).filter((name) => !settingNames.has(name))).toEqual([]);
  });

  it('copies what exists, and gets nothing in its context that it does not copy', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const rules = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const kept = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(kept.sort()).toEqual([...new Set(copied.map((path) => path.replace(/^scripts\/.+/, 'scripts')))].sort());
  });

  it('asks /health/ready by a program that the image has', () => {
    const check = JSON.parse(/HEALTHCHECK [^\n]+\\\n\s*CMD (\[.+\])/.exec(lastStage)?.[1] ?? '[]') as string[];
    expect(check.slice(0, 2)).toEqual(['node', '-e']);
    const run = (port: string): number | null =>
      spawnSync(process.execPath, check.slice(1), { env: { PORT: port }, timeout: 30_000 }).status;
    expect(check[2]).toContain('/health/ready');
    // Nobody listens on the discard port of a test machine.
    expect(run('9')).toBe(1);
  });
});

describe('docker-compose.yml', () => {
  const compose = readCompose('docker-compose.yml');
  const production = readCompose('docker-compose.production.yml');
  let folder: string;
  let made: Variables;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-env-'));
    copyFileSync(join(root, '.env.example'), join(folder, '.env.example'));
    expect(makeEnv().status).toBe(0);
    made = readEnv(readFileSync(join(folder, '.env'), 'utf8'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const makeEnv = () => spawnSync('/bin/sh', [join(root, 'scripts/make-env.sh'), folder], { encoding: 'utf8' });

  const settingsOf = (name: string, variables: Variables, files: Compose[] = [compose]): Record<string, string> =>
    Object.fromEntries(
      files
        .flatMap(({ services }) => Object.entries(services[name]?.environment ?? {}))
        .map(([key, value]) => [key, interpolate(value, variables)]),
    );

  it('has the whole: database, queue, mailbox, simulators, API and two workers, of exact versions', () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['mysql', 'redis', 'mailpit', ...simulators, ...gateways]),
    );
    expect(compose.services['worker']?.deploy?.replicas).toBe(2);
    for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+(-\w+)?$/);
  });

  it('publishes nothing but web pages and the API, on loopback', () => {
    for (const name of ['mysql', 'redis', 'worker', 'migrate']) expect(compose.services[name]?.ports).toBeUndefined();
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
    expect(published).toHaveLength(5);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:(\$\{\w+:-\d+\}):(\d+|\1)$/);
  });

  it('lets our processes write nowhere and gain no rights', () => {
    for (const name of [...gateways, ...simulators]) {
      expect(compose.services[name]).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    }
  });

  it('migrates before anything works on the schema, and works on nothing that is not healthy', () => {
    expect(compose.services['migrate']?.depends_on).toEqual({ mysql: { condition: 'service_healthy' } });
    for (const name of ['api', 'worker']) {
      expect(compose.services[name]?.depends_on).toEqual({
        mysql: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
      });
    }
    for (const name of ['mysql', 'redis', ...simulators]) {
      expect(compose.services[name]?.healthcheck?.test).toBeTruthy();
    }
  });

  it('runs the database and Redis as the gateway demands', () => {
    expect(compose.services['mysql']?.command).toEqual(
      expect.arrayContaining([
        '--default-time-zone=+00:00',
        '--character-set-server=utf8mb4',
        '--innodb-flush-log-at-trx-commit=1',
      ]),
    );
    expect(compose.services['redis']?.command?.join(' ')).toMatch(/--appendonly yes --maxmemory-policy noeviction/);
  });

  it('keeps what must be kept in named volumes', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    expect(mounted.map((mount) => mount.split(':')[0]).sort()).toEqual(Object.keys(compose.volumes ?? {}).sort());
  });

  it('lets webhooks and accounts reach the simulators, and not the database', () => {
    const range = compose.networks?.['providers']?.ipam?.config[0]?.subnet;
    expect(settingsOf('api', made)['MALIPO_EGRESS_ALLOW']).toBe(range);
    for (const name of ['mysql', 'redis']) expect(compose.services[name]?.networks).toEqual(['backend']);
    for (const name of simulators) expect(compose.services[name]?.networks).toEqual(['providers']);
  });

  it.each(gateways)('gives %s settings that there are, and that are accepted', (name) => {
    const env = settingsOf(name, made);
    expect(Object.keys(env).filter((key) => !settingNames.has(key))).toEqual([]);
    expect(readSettings({ ...env, HOST: '0.0.0.0', PORT: '3000', MALIPO_DATA_DIR: folder })).toMatchObject({
      production: false,
      simulators: false,
      database: { kind: 'mysql' },
      smtp: { host: 'mailpit', port: 1025 },
      role: ['api', 'worker'].includes(name) ? name : 'all',
    });
  });

  it('is production with its second file, which has nothing simulated', () => {
    const files = [compose, production];
    const real = { ...made, MALIPO_PUBLIC_URL: 'https://pay.example.com' };
    for (const name of ['migrate', 'api', 'worker']) {
      const env = settingsOf(name, real, files);
      expect(readSettings({ ...env, MALIPO_DATA_DIR: folder })).toMatchObject({
        production: true,
        publicUrl: 'https://pay.example.com',
        egressAllow: [],
        // The mailbox of the trial is none for real mail.
        smtp: undefined,
      });
      expect(() => settingsOf(name, made, files)).toThrow('MALIPO_PUBLIC_URL');
    }
    for (const name of [...simulators, 'trial', 'mailpit']) {
      expect(production.services[name]?.profiles).toEqual(['never']);
    }
  });

  it('does not start without secrets, and says how to make them', () => {
    const example = readEnv(read('.env.example'));
    for (const name of [...gateways, 'mysql', 'redis']) {
      expect(() => settingsOf(name, example)).toThrow('sh scripts/make-env.sh');
    }
  });

  it('reads every variable of .env.example, and no other', () => {
    const used = ['docker-compose.yml', 'docker-compose.production.yml'].flatMap((file) =>
      [...read(file).matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? ''),
    );
    const example = Object.keys(readEnv(read('.env.example')));
    expect([...new Set(used)].sort()).toEqual(example.sort());
    expect(example.filter((name) => !settingNames.has(name) && !composeOnly.includes(name))).toEqual([]);
  });

  it('gets secrets that are random, for their owner alone, and never replaced', () => {
    expect(Buffer.from(made['MALIPO_SECRET_KEY'] ?? '', 'base64')).toHaveLength(32);
    const passwords = ['MYSQL_ROOT_PASSWORD', 'MYSQL_PASSWORD', 'REDIS_PASSWORD'].map((name) => made[name]);
    expect(new Set(passwords).size).toBe(3);
    for (const password of passwords) expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);

    const again = makeEnv();
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('is there already')]);
    expect(readEnv(readFileSync(join(folder, '.env'), 'utf8'))).toEqual(made);
    expect(spawnSync('git', ['check-ignore', '.env'], { cwd: root }).status).toBe(0);
  });
});

function readEnv(text: string): Variables {
  return Object.fromEntries([...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value ?? '']));
}

/** As compose does: `${NAME:-default}` and `${NAME:?complaint}`. */
function interpolate(text: string, variables: Variables): string {
  return text.replace(/\$\{(\w+):([-?])([^}]*)\}/g, (_, name: string, mark: string, rest: string) => {
    const value = variables[name] ?? '';
    if (value !== '') return value;
    if (mark === '?') throw new Error(`${name} ${rest}`);
    return rest;
  });
}
