// What the guides tell people to type, follow and set must be there: a guide that has drifted costs its reader an evening.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../src/admin/commands.js';
import { SETTING_ROWS } from '../src/config/settings.js';
import { createTestGateway, type TestGateway } from './support/gateway.js';
import { ApiContract } from './support/openapi.js';

interface Curl {
  readonly file: string;
  readonly text: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

interface GuideCollection {
  readonly method: string;
  readonly customer: { readonly phone: string };
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
const guides = files.filter(({ file }) => !/^(CHANGELOG\.md|docs\/decisions\/|libs\/)/.test(file));

// Of Node.js, of docker-compose.yml, of the tests, and of the programs that the guides call.
const othersVariables =
  /^(NODE_EXTRA_CA_CERTS$|MYSQL_|MARIADB_|TEST_|API_PORT$|PHONES_PORT$|CHECKOUT_PORT$|DEXCHANGE_PORT$|MAIL_PORT$|REDIS_PASSWORD$)/;
// Open to everyone and therefore not in the OpenAPI document.
const undocumented = [/^\/callbacks\/[0-9a-f]{64}$/, /^\/return\//, /^\/health\/(live|ready)$/, /^\/metrics$/];

describe('The guides', () => {
  let gateway: TestGateway;
  let contract: ApiContract;

  beforeAll(async () => {
    gateway = await createTestGateway({ database: 'sqlite' });
    contract = await ApiContract.of(gateway);
  });
  afterAll(() => gateway.close());

  it('are those for deploying, operating and going live, and the README leads to each', () => {
    const readme = guides.find(({ file }) => file === 'README.md')?.text ?? '';
    for (const guide of [
      'docs/deployment.md',
      'docs/operations.md',
      'docs/providers/mpesa.md',
      'docs/providers/moneroo.md',
      'docs/providers/dexchange.md',
      'docs/settings.md',
    ]) {
      expect(guides.map(({ file }) => file)).toContain(guide);
      expect(readme).toContain(`(${guide})`);
    }
  });

  it('lead to files and headings that are there', () => {
    const broken = files.flatMap(({ file, text }) => findLinks(text).flatMap((link) => findFault(file, link)));
    expect(broken).toEqual([]);
    expect(findFault('README.md', 'docs/nowhere.md')).toHaveLength(1);
    expect(findFault('README.md', 'docs/deployment.md#nowhere')).toHaveLength(1);
  });

  it('call routes that there are', () => {
    const curls = guides.flatMap(findCurls);
    expect(curls.length).toBeGreaterThan(10);
    const inWords = guides.flatMap(({ file, text }) =>
      [...text.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^`\s]*)`/g)].map(([, method = '', path = '']) => ({
        file,
        method,
        path,
      })),
    );
    const unknown = [...curls, ...inWords].filter(({ method, path }) => !isRoute(contract, method, path));
    expect(unknown).toEqual([]);
    expect(isRoute(contract, 'GET', '/v1/nowhere')).toBe(false);
    expect(isRoute(contract, 'DELETE', '/v1/collections')).toBe(false);
  });

  it('send accounts that the adapters take, in live mode, and with nothing left out', async () => {
    const bodies = guides
      .flatMap(findCurls)
      .filter(({ method, path }) => method === 'POST' && path === '/v1/provider-accounts')
      .map(({ body }) => JSON.parse(body ?? '') as { provider: string; settings?: { type: string } });
    expect(bodies.map(({ provider, settings }) => settings?.type ?? provider).sort()).toEqual([
      'dexchange',
      'moneroo',
      'paybill',
      'till',
    ]);
    for (const body of bodies) {
      const { key } = await gateway.createMerchant({ mode: 'live' });
      const { status, body: account } = await gateway.request('POST /v1/provider-accounts', { key, body });
      expect([status, account.mode]).toEqual([201, 'live']);
      const elsewhere = { ...body, settings: { ...body.settings, baseUrl: 'https://elsewhere.example' } };
      expect((await gateway.request('POST /v1/provider-accounts', { key, body: elsewhere })).status).toBe(422);
    }
  });

  it('send collections that are accepted', async () => {
    const bodies = guides
      .flatMap(findCurls)
      .filter(({ method, path }) => method === 'POST' && path === '/v1/collections')
      // The number is the reader's own.
      .map(({ body }) => JSON.parse((body ?? '').replace('+2547…', '+254700000123')) as GuideCollection);
    expect(bodies.length).toBeGreaterThan(1);
    const { key } = await gateway.createMerchant();
    // With a host that nobody answers at: whether it is accepted is all that matters here.
    const account = {
      provider: 'mpesa',
      credentials: { consumerKey: 'a', consumerSecret: 'b', passkey: 'c' },
      settings: { shortcode: '600100', type: 'paybill', baseUrl: 'http://127.0.0.1:8' },
    };
    const moneroo = {
      provider: 'moneroo',
      credentials: { secretKey: 'a', webhookSecret: 'b' },
      settings: { baseUrl: 'http://127.0.0.1:8' },
    };
    const dexchange = {
      provider: 'dexchange',
      credentials: { apiKey: 'a' },
      settings: { baseUrl: 'http://127.0.0.1:8' },
      // Moneroo offers Wave too, and wants more to be known of a customer.
      priority: 50,
    };
    for (const body of [account, moneroo, dexchange])
      expect((await gateway.request('POST /v1/provider-accounts', { key, body })).status).toBe(201);
    for (const [index, given] of bodies.entries()) {
      const phone = given.method === 'mpesa_ke' ? `+25470000020${String(index)}` : given.customer.phone;
      const body = { ...given, customer: { ...given.customer, phone } };
      const headers = { 'idempotency-key': `guide-${String(index)}` };
      expect((await gateway.request('POST /v1/collections', { key, headers, body })).status).toBe(201);
    }
  });

  it('name settings, scripts and commands that there are', () => {
    const settings = SETTING_ROWS.map(({ name }) => name);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const known = { settings, scripts: Object.keys(scripts), commands: Object.keys(COMMANDS) };
    expect(guides.flatMap(({ file, text }) => findUnknownNames(text, known).map((name) => `${file}: ${name}`))).toEqual(
      [],
    );
    const wrong = '`MALIPO_NOTHING=1`, `npm run nothing`, `npm run admin -- nothing`, `node scripts/nothing.mjs`';
    expect(findUnknownNames(wrong, known)).toHaveLength(4);
  });

  it('use options that each admin command knows', () => {
    const calls = guides.flatMap(({ text }) => [
      ...text.matchAll(/(?:npm run (?:--silent )?admin --|scripts\/admin\.mjs) ([a-z-]+)((?: --[^\n`]*)?)/g),
    ]);
    const wrong = calls.flatMap(([call, name = '', rest = '']) => {
      const options = Object.keys(COMMANDS[name]?.options ?? {});
      const used = [...rest.matchAll(/--([a-z-]+)/g)].map(([, option = '']) => option);
      return used.filter((option) => option !== 'json' && !options.includes(option)).map(() => call);
    });
    expect(calls.length).toBeGreaterThan(5);
    expect(wrong).toEqual([]);
  });
});

// ————— Links —————

function findLinks(text: string): string[] {
  const prose = text.replace(/```[^]*?```/g, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?|mailto):/.test(link));
}

function findFault(file: string, link: string): string[] {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(root, target))) return [`${file} leads to ${link}: there is no ${target}`];
  if (anchor === undefined) return [];
  const headings = findHeadings(readFileSync(join(root, target), 'utf8'));
  return headings.includes(anchor) ? [] : [`${file} leads to ${link}: ${target} has no such heading`];
}

/** As GitHub makes anchors of headings. */
function findHeadings(text: string): string[] {
  return [...text.replace(/```[^]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

// ————— Calls —————

function findCurls({ file, text }: { file: string; text: string }): Curl[] {
  const shells = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, shell = '']) => shell.replace(/\\\n\s*/g, ' '));
  return shells
    .flatMap((shell) => [...shell.matchAll(/^curl (?:[^'\n]|'[^']*')+/gm)].map(([line]) => line))
    .map((line) => {
      const url = /(?:\$API|https?:\/\/[^/\s"']+)(\/[^\s"']*)/.exec(line)?.[1] ?? '';
      const body = /-d '([^']*)'/.exec(line)?.[1];
      const method = /-X ([A-Z]+)/.exec(line)?.[1] ?? (body === undefined ? 'GET' : 'POST');
      return { file, text: line, method, path: url.split('?')[0] ?? '', body };
    });
}

function isRoute(contract: ApiContract, method: string, path: string): boolean {
  if (undocumented.some((pattern) => pattern.test(path))) return true;
  // What a reader fills in is no more than some characters here.
  const address = path.replace(/\$\w+|\{\w+\}|…/g, 'x');
  return contract.operations.some(
    (operation) =>
      operation.method === method && new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(address),
  );
}

// ————— Names —————

interface Known {
  readonly settings: readonly string[];
  readonly scripts: readonly string[];
  readonly commands: readonly string[];
}

function findUnknownNames(text: string, { settings, scripts, commands }: Known): string[] {
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);
  const named = all(/(?<![\w$])((?:MALIPO|DATABASE|REDIS|METRICS|SMTP|LOG|NODE)_[A-Z_]*[A-Z])\b/g);
  return [
    ...named.filter((name) => !settings.includes(name) && !othersVariables.test(name)),
    ...all(/npm run (?:--silent )?([a-z][a-z:-]*)/g).filter((name) => !scripts.includes(name)),
    ...all(/(?:npm run (?:--silent )?admin --|scripts\/admin\.mjs) ([a-z][a-z-]+)/g).filter(
      (name) => !commands.includes(name) && name !== 'help',
    ),
    ...all(/(?<![\w/])(scripts\/[\w./-]+\.(?:mjs|sh))/g).filter((path) => !existsSync(join(root, path))),
  ];
}
