import { Module } from '@nestjs/common';
import { MerchantsModule } from '../merchants/merchants.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { LimitSweeper } from './limit-sweeper.js';
import { LimitUsages } from './limit-usages.js';
import { LimitsController } from './limits.controller.js';
import { LimitsService } from './limits.service.js';
import { MerchantLimitsController } from './merchant-limits.controller.js';
import { PayoutAdmission } from './payout-admission.js';
import { PayoutControlsModule } from './payout-controls.module.js';
import { PayoutSwitchController } from './payout-switch.controller.js';
import { PayoutSwitchService } from './payout-switch.service.js';

/** What payouts may come to, and the switch that stops them. */
@Module({
  imports: [MerchantsModule, PayoutControlsModule, TransactionsModule, WebhooksModule],
  controllers: [LimitsController, MerchantLimitsController, PayoutSwitchController],
  providers: [LimitSweeper, LimitUsages, LimitsService, PayoutAdmission, PayoutSwitchService],
  exports: [PayoutAdmission],
})
export class LimitsModule {}
