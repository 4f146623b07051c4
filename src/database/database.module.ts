import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { HealthProbes, type ProbeResult } from '../health/health-probes.js';
import { toDataSourceOptions } from './data-source.js';
import { Database } from './database.js';
import { migrate } from './migrate.js';

/** Opens the database, brings its schema up to date, and gives everyone the one door to it. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [SETTINGS],
      useFactory: async (settings: Settings) => ({
        ...(await toDataSourceOptions(settings.database)),
        // A database that is down at start is the operator's to see at once, not after minutes of silent retries.
        retryAttempts: 0,
      }),
    }),
  ],
  providers: [
    {
      provide: Database,
      inject: [getDataSourceToken(), SETTINGS],
      useFactory: async (source: DataSource, { production }: Settings) => {
        await migrate(source);
        return Database.over(source, { followWrites: !production });
      },
    },
  ],
  exports: [Database],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    probes: HealthProbes,
  ) {
    probes.register('database', { isVital: true, check: () => checkDatabase(database) });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

async function checkDatabase(database: Database): Promise<ProbeResult> {
  const startedAt = performance.now();
  const status = await database.read.query('SELECT 1').then(
    () => 'ok' as const,
    () => 'down' as const,
  );
  const latencyMs = status === 'ok' ? Math.round((performance.now() - startedAt) * 10) / 10 : undefined;
  return { status, facts: { kind: database.kind, latencyMs } };
}
