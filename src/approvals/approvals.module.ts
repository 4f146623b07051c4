import { Module } from '@nestjs/common';
import { PayoutControlsModule } from '../limits/payout-controls.module.js';
import { TransactionsModule } from '../transactions/transactions.module.js';
import { ApprovalRulesController } from './approval-rules.controller.js';
import { ApprovalRulesService } from './approval-rules.service.js';
import { ApprovalsController } from './approvals.controller.js';
import { ApprovalsService } from './approvals.service.js';

/** Money out that more than one person must agree to. */
@Module({
  imports: [PayoutControlsModule, TransactionsModule],
  controllers: [ApprovalRulesController, ApprovalsController],
  providers: [ApprovalRulesService, ApprovalsService],
})
export class ApprovalsModule {}
