import { Module, type DynamicModule } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { ConfigModule, type Seams } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { DatabaseModule } from '../database/database.module.js';
import { HealthModule } from '../health/health.module.js';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { SecretKeyRotation } from './secret-key-rotation.js';

/** What the admin command needs of the gateway: no HTTP, no jobs, no providers. */
@Module({})
export class AdminModule {
  static with(settings: Settings, seams: Seams): DynamicModule {
    return {
      module: AdminModule,
      imports: [
        ConfigModule.with(settings, seams),
        SecretsModule,
        HealthModule,
        DatabaseModule,
        ApiKeysModule,
        MerchantsModule,
      ],
      providers: [SecretKeyRotation],
    };
  }
}
