import { Global, Module } from '@nestjs/common';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';

/** Who may do what. */
@Global()
@Module({
  controllers: [ApiKeysController],
  providers: [ApiKeyAuthenticator, ApiKeysService],
  exports: [ApiKeyAuthenticator, ApiKeysService],
})
export class ApiKeysModule {}
