import { Module } from '@nestjs/common';
import { SigningSecretController } from './signing-secret.controller.js';
import { SigningSecretsService } from './signing-secrets.service.js';

/** What merchants recognise us by, where no webhook endpoint has a secret of its own. */
@Module({
  controllers: [SigningSecretController],
  providers: [SigningSecretsService],
  exports: [SigningSecretsService],
})
export class SigningSecretsModule {}
