import { Module } from '@nestjs/common';
import { CallbackTokens } from './callback-tokens.js';

/** The unguessable paths. Apart from the inbox, because the engine gives them out and the inbox calls the engine. */
@Module({ providers: [CallbackTokens], exports: [CallbackTokens] })
export class CallbackTokensModule {}
