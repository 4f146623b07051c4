import { readSettings, SettingsError } from './config/settings.js';
import { UnusableDatabaseError } from './database/database-errors.js';
import { DataFolderInUseError } from './database/process-lock.js';
import { SimulatorStartError } from './first-run/simulator-process.js';
import { Problem } from './http/problem.js';
import { explainStartFailure } from './start-failure.js';

const MYSQL = 'mysql://malipo:not-for-logs@db.internal:3307/payments';
const KEY = '0f1e2d3c4b5a69788796a5b4c3d2e1f000112233445566778899aabbccddeeff';
const sqlite = readSettings({ MALIPO_SECRET_KEY: KEY });
const mysql = readSettings({ MALIPO_SECRET_KEY: KEY, DATABASE_URL: MYSQL });

const systemError = (members: object): Error => Object.assign(new Error('it failed'), members);

describe('A start that fails', () => {
  it.each([
    ['settings', new SettingsError(['PORT is odd.']), 'PORT is odd.'],
    ['the lock', new DataFolderInUseError('./data', 'process 7', 'Stop it.'), 'in use by another Malipo process'],
    ['the clock of the database', new UnusableDatabaseError('It is not UTC.'), 'It is not UTC.'],
    ['a simulator', new SimulatorStartError('mpesa', 'the book is damaged'), 'MALIPO_SIMULATORS=off'],
    ['a taken port', systemError({ code: 'EADDRINUSE', syscall: 'listen' }), 'PORT=3001 npm start'],
    ['a low port', systemError({ code: 'EACCES', syscall: 'listen' }), 'Choose one above 1023'],
    ['a foreign address', systemError({ code: 'EADDRNOTAVAIL', syscall: 'listen' }), 'EADDRNOTAVAIL'],
    ['the data folder', systemError({ code: 'EACCES', syscall: 'mkdir', path: '/data' }), 'MALIPO_DATA_DIR'],
    ['egress', new Problem('url_not_allowed', 'No.'), 'MALIPO_EGRESS_ALLOW must contain 127.0.0.0/8'],
  ])('over %s tells what to do', (_, error, words) => {
    expect(explainStartFailure(error, sqlite)).toContain(words);
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'ER_ACCESS_DENIED_ERROR', 'ER_BAD_DB_ERROR'])(
    'over a database that says %s names it, and not its password',
    (code) => {
      const explained = explainStartFailure(systemError({ code, syscall: 'connect' }), mysql);
      expect(explained).toMatch(/^The database payments at db\.internal:3307 \(DATABASE_URL\) cannot be used: \w/);
      expect(explained).not.toContain('not-for-logs');
    },
  );

  it('over a bug explains nothing away', () => {
    expect(explainStartFailure(new TypeError('x is not a function'), sqlite)).toBeUndefined();
    expect(explainStartFailure('no error at all', sqlite)).toBeUndefined();
    expect(explainStartFailure(systemError({ code: 'ECONNREFUSED', syscall: 'connect' }), sqlite)).toBeUndefined();
    expect(explainStartFailure(systemError({ code: 'EADDRINUSE', syscall: 'listen' }), undefined)).toBeUndefined();
  });

  it('over the data folder is explained before there are settings', () => {
    const error = systemError({ code: 'ENOTDIR', syscall: 'mkdir', path: '/file/data' });
    expect(explainStartFailure(error, undefined)).toContain('MALIPO_DATA_DIR');
  });
});
