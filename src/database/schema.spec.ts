import { type Table, type DataSource } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import { describeOnBothDatabases } from '../../test/support/databases.js';
import { createPlace, openSource } from '../../test/support/open-database.js';
import { checkModes } from './data-source.js';
import { ENTITIES } from './entities.js';
import { migrate } from './migrate.js';

type Place = Awaited<ReturnType<typeof createPlace>>;

const BOOKKEEPING = ['schema_migrations', 'sqlite_sequence'];

describeOnBothDatabases('The schema', (kind) => {
  let place: Place;
  let sources: DataSource[];

  const open = async () => {
    const { source } = await openSource(place.settings);
    sources.push(source);
    return source;
  };

  beforeEach(async () => {
    place = await createPlace(kind);
    sources = [];
  });

  afterEach(async () => {
    for (const source of sources) await source.destroy();
    await place.drop();
  });

  it('is what the entities say: nothing is left to change after the migrations', async () => {
    const source = await open();
    await migrate(source);
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
    expect(Object.keys(await describeSchema(source)).sort()).toEqual(
      source.entityMetadatas.map((metadata) => metadata.tableName).sort(),
    );
    expect(source.entityMetadatas).toHaveLength(ENTITIES.length);
  });

  it('would show a column that only an entity has', async () => {
    const source = await open();
    await migrate(source);
    await source.query('ALTER TABLE merchants DROP COLUMN logo_url');
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.length).toBeGreaterThan(0);
  });

  it('has the tables, columns, keys and indices written down here, on either engine', async () => {
    const source = await open();
    await migrate(source);
    expect(await describeSchema(source)).toEqual(toExpectedSchema(source));
    expect((await describeSchema(source)).jobs).toEqual({
      columns: [...['attempts', 'created_at', 'id (key)', 'kind', 'lease_token (nullable)', 'run_at', 'subject_id']],
      indices: ['run_at', 'kind,subject_id (unique)'].sort(),
    });
  });

  it('migrates once: again changes nothing', async () => {
    const source = await open();
    await migrate(source);
    const before = await describeSchema(source);
    await migrate(source);
    expect(await describeSchema(source)).toEqual(before);
    expect(await source.query('SELECT name FROM schema_migrations ORDER BY id')).toEqual(
      MIGRATIONS.map((migration) => ({ name: migration.name })),
    );
  });

  it('goes all the way back down, and up again', async () => {
    const source = await open();
    await migrate(source);
    for (const _ of MIGRATIONS) await source.undoLastMigration({ transaction: 'none' });
    expect(await describeSchema(source)).toEqual({});
    await migrate(source);
    expect(Object.keys(await describeSchema(source))).toHaveLength(ENTITIES.length);
  });

  if (kind === 'mysql') {
    it('is migrated once by processes that start at the same moment', async () => {
      const together = [await open(), await open(), await open(), await open()];
      await Promise.all(together.map(migrate));
      expect(Object.keys(await describeSchema(together[0]!))).toHaveLength(ENTITIES.length);
      const [{ count }] = await together[0]!.query('SELECT COUNT(*) AS count FROM schema_migrations');
      expect(Number(count)).toBe(MIGRATIONS.length);
    });

    it('is finished by the next start where a crash left it half made', async () => {
      const whole = await open();
      await migrate(whole);
      // As a server is left by a kill in the middle: the first tables are there, the record of the migration is not.
      await whole.query('DELETE FROM schema_migrations');
      const tables = Object.keys(await describeSchema(whole));
      for (const table of tables.slice(3)) await whole.query(`DROP TABLE \`${table}\``);
      await migrate(await open());
      expect(Object.keys(await describeSchema(whole))).toEqual(tables);
      expect(await describeSchema(whole)).toEqual(toExpectedSchema(whole));
    });

    it('gives its lock back when a migration fails, so that the next process need not wait for it', async () => {
      const source = await open();
      await source.query('CREATE TABLE schema_migrations (wrong int)');
      await expect(migrate(source)).rejects.toThrow();
      await source.query('DROP TABLE schema_migrations');
      const startedAt = performance.now();
      await migrate(await open());
      expect(performance.now() - startedAt).toBeLessThan(15_000);
    });
  }

  it('keeps each text a merchant gave distinct where only a hash is unique', async () => {
    const source = await open();
    await migrate(source);
    // Nothing that a client writes itself is under a unique index: MariaDB's collations equate `ELAN` and `élan`.
    const unique = Object.values(await describeSchema(source)).flatMap(({ indices }) =>
      indices.filter((index) => index.endsWith('(unique)')),
    );
    expect(unique.sort()).toEqual(
      [
        'key_hash (unique)',
        'provider_reference_hash (unique)',
        'token_hash,digest (unique)',
        'kind,subject_id (unique)',
        'dedupe_hash (unique)',
        'address_hash,reason (unique)',
        'merchant_id,mode (unique)',
        'token_hash (unique)',
      ].sort(),
    );
  });
});

describe('A server', () => {
  it('is used where it refuses what does not fit', () => {
    expect(() => checkModes(['ONLY_FULL_GROUP_BY', 'STRICT_TRANS_TABLES'])).not.toThrow();
    expect(() => checkModes(['STRICT_ALL_TABLES'])).not.toThrow();
  });

  it.each([
    ['that cuts values', ['NO_ENGINE_SUBSTITUTION'], /STRICT_TRANS_TABLES/],
    ['that cuts values by having no modes', [''], /STRICT_TRANS_TABLES/],
    ['that takes a backslash for itself', ['STRICT_TRANS_TABLES', 'NO_BACKSLASH_ESCAPES'], /NO_BACKSLASH_ESCAPES/],
    ['that takes quoted text for names', ['STRICT_TRANS_TABLES', 'ANSI_QUOTES'], /ANSI_QUOTES/],
  ])('%s is refused, with the remedy', (_, modes, remedy) => {
    expect(() => checkModes(modes)).toThrow(remedy);
  });
});

interface Shape {
  readonly columns: readonly string[];
  readonly indices: readonly string[];
}

/** The schema in words that do not depend on the engine. */
async function describeSchema(source: DataSource): Promise<Record<string, Shape>> {
  const runner = source.createQueryRunner();
  try {
    const names = await readTableNames(source);
    const tables = await runner.getTables(names);
    return Object.fromEntries(tables.map((table) => [nameOf(table), toShape(table)]).sort());
  } finally {
    await runner.release();
  }
}

async function readTableNames(source: DataSource): Promise<string[]> {
  const query =
    source.options.type === 'better-sqlite3'
      ? "SELECT name FROM sqlite_master WHERE type = 'table'"
      : 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()';
  const rows: { name: string }[] = await source.query(query);
  return rows.map(({ name }) => name).filter((name) => !BOOKKEEPING.includes(name));
}

function nameOf(table: Table): string {
  return table.name.split('.').at(-1) ?? table.name;
}

function toShape(table: Table): Shape {
  return {
    columns: table.columns
      .map(({ name, isPrimary, isNullable }) => `${name}${isPrimary ? ' (key)' : ''}${isNullable ? ' (nullable)' : ''}`)
      .sort(),
    indices: table.indices.map((index) => toIndexWord(index.columnNames, index.isUnique)).sort(),
  };
}

function toExpectedSchema(source: DataSource): Record<string, Shape> {
  return Object.fromEntries(
    source.entityMetadatas.map(({ tableName, columns, indices }) => [
      tableName,
      {
        columns: columns
          .map(
            (column) =>
              `${column.databaseName}${column.isPrimary ? ' (key)' : ''}${column.isNullable ? ' (nullable)' : ''}`,
          )
          .sort(),
        indices: indices
          .map((index) =>
            toIndexWord(
              index.columns.map((column) => column.databaseName),
              index.isUnique,
            ),
          )
          .sort(),
      },
    ]),
  );
}

function toIndexWord(columns: readonly string[], unique: boolean): string {
  return `${columns.join(',')}${unique ? ' (unique)' : ''}`;
}
