import { Module } from '@nestjs/common';
import { PayoutControls } from './payout-controls.js';

/** The rules of payouts by themselves: the engine asks them, and what changes them calls the engine. */
@Module({ providers: [PayoutControls], exports: [PayoutControls] })
export class PayoutControlsModule {}
