import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestProcess } from '../../test/support/processes.js';
import { DataFolderInUseError, lockDatabaseFile } from './process-lock.js';

describe('The lock on the embedded database', () => {
  let folder: string;
  let file: string;
  let started: TestProcess[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'malipo-test-'));
    file = join(folder, 'data', 'malipo.db');
    started = [];
  });

  afterEach(async () => {
    for (const child of started) await child.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const startHolder = async () => {
    const child = new TestProcess('hold-lock.mjs', file);
    started.push(child);
    return { child, says: await child.firstLine() };
  };

  it('refuses a second process and names the first', async () => {
    const unlock = lockDatabaseFile(file);
    const { says } = await startHolder();
    expect(says).toContain('DataFolderInUseError');
    expect(says).toContain(String(process.pid));
    expect(says).toContain('DATABASE_URL');
    unlock();
  });

  it('is free again when it was given back', async () => {
    lockDatabaseFile(file)();
    expect((await startHolder()).says).toBe('locked');
  });

  it('goes with its holder, however that ends', async () => {
    const { child, says } = await startHolder();
    expect(says).toBe('locked');
    expect(() => lockDatabaseFile(file)).toThrow(DataFolderInUseError);
    await child.kill();
    lockDatabaseFile(file)();
  });

  it('holds inside one process too, and a refusal there does not loosen it', async () => {
    const unlock = lockDatabaseFile(file);
    expect(() => lockDatabaseFile(file)).toThrow(DataFolderInUseError);
    expect((await startHolder()).says).toContain('DataFolderInUseError');
    unlock();
  });

  it('leaves the database file itself alone', () => {
    const unlock = lockDatabaseFile(file);
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(`${file}.pid`, 'utf8')).toBe(String(process.pid));
    unlock();
  });

  it('does not blame another process for what is wrong with its own file', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(`${file}.lock`, 'this is no database, and it is long enough to be taken for one'.repeat(20));
    let refusal: unknown;
    try {
      lockDatabaseFile(file);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ message: expect.stringContaining('not a database') });
    expect(refusal).not.toBeInstanceOf(DataFolderInUseError);
  });
});
