import { Global, Module } from '@nestjs/common';
import type { RandomBytes } from '#libs/primitives';
import { RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Cursors } from '../http/pages.js';
import { SecretBox } from './secret-box.js';

/** What is made from the gateway's own secret key. */
@Global()
@Module({
  providers: [
    {
      provide: SecretBox,
      inject: [SETTINGS, RANDOM],
      useFactory: (settings: Settings, random: RandomBytes) => new SecretBox(settings.secretKeys, random),
    },
    {
      provide: Cursors,
      inject: [SETTINGS],
      useFactory: (settings: Settings) => new Cursors(settings.secretKeys.current),
    },
  ],
  exports: [SecretBox, Cursors],
})
export class SecretsModule {}
