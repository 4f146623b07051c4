import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { toDataSourceOptions } from './data-source.js';
import { Database } from './database.js';
import { migrate } from './migrate.js';
import { lockDatabaseFile } from './process-lock.js';

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
      inject: [getDataSourceToken()],
      useFactory: async (source: DataSource) => {
        await migrate(source);
        return Database.over(source);
      },
    },
  ],
  exports: [Database],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.close();
  }
}

export { lockDatabaseFile };
