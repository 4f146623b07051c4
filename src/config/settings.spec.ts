import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings, SETTING_ROWS, SettingsError, type Settings } from './settings.js';

describe('Settings', () => {
  let dataDir: string;
  const secret = randomBytes(32);
  const production = {
    NODE_ENV: 'production',
    MALIPO_PUBLIC_URL: 'https://pay.example',
    MALIPO_SECRET_KEY: secret.toString('base64'),
  };

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'malipo-settings-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const read = (env: Record<string, string | undefined> = {}): Settings =>
    readSettings({ MALIPO_DATA_DIR: dataDir, ...env });

  function faultsOf(env: Record<string, string | undefined>): readonly string[] {
    try {
      read(env);
    } catch (error) {
      if (error instanceof SettingsError) return error.faults;
      throw error;
    }
    return [];
  }

  it('need nothing on a fresh machine', () => {
    expect(read()).toMatchObject({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      dataDir,
      publicUrl: 'http://127.0.0.1:3000',
      database: { kind: 'sqlite', file: path.join(dataDir, 'malipo.db') },
      role: 'all',
      simulators: true,
      egressAllow: ['127.0.0.0/8', '::1/128'],
      unconfirmedMs: 86_400_000,
      logLevel: 'info',
    });
  });

  it('make a secret key once, for the owner’s eyes only, and keep it', () => {
    const { secretKeys } = read();
    const file = path.join(dataDir, 'secret.key');
    expect(secretKeys.current).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(file, 'utf8'), 'base64')).toEqual(secretKeys.current);
    expect(read().secretKeys.current).toEqual(secretKeys.current);
  });

  it('take an empty text for one that is not set', () => {
    const empty = Object.fromEntries(SETTING_ROWS.map(({ name }) => [name, '']));
    expect({
      ...read({ ...empty, MALIPO_DATA_DIR: dataDir, MALIPO_EGRESS_ALLOW: undefined, HOST: undefined }),
    }).toMatchObject({
      port: 3000,
      database: { kind: 'sqlite' },
      role: 'all',
      logLevel: 'info',
    });
  });

  it('allow nothing private, no simulators and every address to listen on in production', () => {
    expect(read(production)).toMatchObject({
      production: true,
      host: '0.0.0.0',
      publicUrl: 'https://pay.example',
      simulators: false,
      egressAllow: [],
    });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no public address', { MALIPO_PUBLIC_URL: '' }, /MALIPO_PUBLIC_URL is required/],
    ['a public address without TLS', { MALIPO_PUBLIC_URL: 'http://pay.example' }, /must be https/],
    ['no secret key', { MALIPO_SECRET_KEY: '' }, /MALIPO_SECRET_KEY is required.*openssl/],
    ['a key of one letter', { MALIPO_SECRET_KEY: Buffer.alloc(32, 'a').toString('base64') }, /looks like an example/],
    [
      'a key of a repeated word',
      { MALIPO_SECRET_KEY: Buffer.from('changemechangemechangemechangeme').toString('hex') },
      /looks like an example/,
    ],
    ['a short key', { MALIPO_SECRET_KEY: randomBytes(16).toString('hex') }, /must be 32 bytes/],
    ['an older key that is none', { MALIPO_SECRET_KEY_PREVIOUS: 'x' }, /MALIPO_SECRET_KEY_PREVIOUS must be 32 bytes/],
    ['simulators', { MALIPO_SIMULATORS: 'on' }, /refused in production/],
    ['mails from nobody', { SMTP_URL: 'smtp://mail.example' }, /MALIPO_MAIL_FROM is required/],
  ])('refuse %s in production, and say what to do', (_, env, fault) => {
    expect(faultsOf({ ...production, ...env })).toEqual([expect.stringMatching(fault)]);
  });

  it.each<[string, string]>([
    ['PORT', 'http'],
    ['PORT', '0'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '80.5'],
    ['DATABASE_URL', 'postgres://localhost/malipo'],
    ['DATABASE_URL', 'mysql://localhost'],
    ['DATABASE_URL', 'mysql://'],
    ['DATABASE_POOL_SIZE', '1'],
    ['DATABASE_POOL_SIZE', '201'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['REDIS_URL', 'redis://'],
    ['REDIS_URL', 'http://127.0.0.1:6379'],
    ['MALIPO_ROLE', 'everything'],
    ['MALIPO_SIMULATORS', 'yes'],
    ['MALIPO_EGRESS_ALLOW', '10.0.0.0'],
    ['MALIPO_EGRESS_ALLOW', '10.0.0.0/8,everything'],
    ['MALIPO_TRUSTED_PROXIES', 'nginx'],
    ['MALIPO_TRUSTED_PROXIES', '10.1'],
    ['MALIPO_TRUSTED_PROXIES', '10.1/16'],
    ['MALIPO_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['MALIPO_TRUSTED_PROXIES', '10.0.0.1,0.0.0.0/0'],
    ['MALIPO_TRUSTED_PROXIES', '::/0'],
    ['MALIPO_UNCONFIRMED_HOURS', '0'],
    ['MALIPO_UNCONFIRMED_HOURS', '721'],
    ['MALIPO_EVENT_DAYS', '89'],
    ['MALIPO_EVENT_DAYS', '3651'],
    ['MALIPO_EMAIL_DAYS', '29'],
    ['MALIPO_EMAIL_DAYS', '3651'],
    ['LOG_LEVEL', 'loud'],
    ['SMTP_URL', 'mail.example'],
    ['SMTP_URL', 'http://mail.example'],
    ['SMTP_URL', 'smtp://'],
    ['SMTP_URL', 'smtp://mail.example/path'],
    ['SMTP_URL', 'smtp://mail.example?pool=true'],
    ['SMTP_URL', 'smtp://user:%zz@mail.example'],
    ['MALIPO_MAIL_FROM', 'Shop <no-reply@pay.example>'],
    ['MALIPO_MAIL_FROM', 'no-reply@pay.example\nBcc: x@example.com'],
    ['MALIPO_PUBLIC_URL', 'pay.example'],
    ['MALIPO_PUBLIC_URL', 'ftp://pay.example'],
    ['MALIPO_PUBLIC_URL', 'https://pay.example/?a=1'],
    ['MALIPO_PUBLIC_URL', 'https://me:secret@pay.example'],
  ])('refuse %s=%s by name', (name, value) => {
    // An address to send from, so that nothing is wrong but what is looked at.
    const env = { MALIPO_MAIL_FROM: 'no-reply@pay.example', [name]: value };
    expect(faultsOf(env)).toEqual([expect.stringContaining(name)]);
  });

  it.each(['api', 'worker'])('let a %s work on MySQL only', (role) => {
    expect(faultsOf({ MALIPO_ROLE: role })).toEqual([expect.stringContaining('MySQL or MariaDB')]);
    expect(read({ MALIPO_ROLE: role, DATABASE_URL: 'mysql://u:p@db:3306/malipo' }).role).toBe(role);
  });

  it('name every fault at once', () => {
    const faults = faultsOf({ PORT: 'x', LOG_LEVEL: 'x', MALIPO_ROLE: 'x' });
    expect(faults).toHaveLength(3);
    expect(new SettingsError(faults).message).toMatch(/PORT[^]*MALIPO_ROLE[^]*LOG_LEVEL/);
  });

  it.each([
    ['sqlite:./x.db', { kind: 'sqlite', file: path.resolve('x.db') }],
    ['mysql://u:p@db:3306/malipo', { kind: 'mysql', url: 'mysql://u:p@db:3306/malipo', poolSize: 16 }],
    ['mariadb://u:p@db/malipo', { kind: 'mysql', url: 'mysql://u:p@db/malipo', poolSize: 16 }],
  ])('read the database %s', (url, database) => expect(read({ DATABASE_URL: url }).database).toEqual(database));

  it('read keys in hex and base64, older ones too, and ranges with blanks between them', () => {
    const [older, oldest] = [randomBytes(32), randomBytes(32)];
    const { secretKeys, egressAllow, publicUrl } = read({
      MALIPO_SECRET_KEY: secret.toString('hex').toUpperCase(),
      MALIPO_SECRET_KEY_PREVIOUS: ` ${older.toString('base64')} , ${oldest.toString('hex')},`,
      MALIPO_EGRESS_ALLOW: ' 10.1.0.0/16 , fd00::/8 ',
      MALIPO_PUBLIC_URL: 'https://pay.example/malipo//',
    });
    expect(secretKeys).toEqual({ current: secret, previous: [older, oldest] });
    expect(egressAllow).toEqual(['10.1.0.0/16', 'fd00::/8']);
    expect(publicUrl).toBe('https://pay.example/malipo');
  });

  it('read trusted proxies as ranges, an address alone as one of its own, and trust nobody unasked', () => {
    expect(read().trustedProxies).toEqual([]);
    expect(read({ MALIPO_TRUSTED_PROXIES: ' 10.1.0.7,10.2.0.0/16 , ::1, fd00::/8,' }).trustedProxies).toEqual([
      '10.1.0.7/32',
      '10.2.0.0/16',
      '::1/128',
      'fd00::/8',
    ]);
  });

  it.each<[string, object]>([
    ['smtp://mail.example', { host: 'mail.example', port: 587, secure: false, requireTls: true, user: undefined }],
    [
      'smtps://me%40shop:p%2Fw@mail.example',
      { port: 465, secure: true, requireTls: false, user: 'me@shop', password: 'p/w' },
    ],
    ['smtp://127.0.0.1:1025', { host: '127.0.0.1', port: 1025, requireTls: false }],
    ['smtp://[::1]:25', { host: '::1', port: 25, requireTls: false }],
    ['smtp://10.0.0.5', { requireTls: true }],
  ])('read the mail server %s, and insist on TLS unless it is on this machine', (url, smtp) => {
    const mail = { SMTP_URL: url, MALIPO_MAIL_FROM: 'no-reply@pay.example' };
    expect(read({ ...production, ...mail }).smtp).toMatchObject({ ...smtp, from: 'no-reply@pay.example' });
    expect(read(mail).smtp?.requireTls).toBe(false);
    expect(read().smtp).toBeUndefined();
  });

  it('are documented: each row is read, and each that is read has a row', () => {
    const source = readFileSync(new URL('./settings.ts', import.meta.url), 'utf8');
    const used = new Set([...source.matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(SETTING_ROWS.map(({ name }) => name).sort());
    expect(SETTING_ROWS.filter(({ description }) => !description.endsWith('.'))).toEqual([]);
  });
});
