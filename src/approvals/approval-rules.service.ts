import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { readAmount } from '../limits/capped-amount.js';
import type { ApprovalRules, ControlOwner } from '../limits/payout-control.entity.js';
import { PayoutControls } from '../limits/payout-controls.js';
import type { PutApprovalRulesRequest } from './approval-rules.dto.js';

/** Which payouts wait for other people. */
@Injectable()
export class ApprovalRulesService {
  constructor(
    private readonly database: Database,
    private readonly controls: PayoutControls,
  ) {}

  async get(owner: ControlOwner): Promise<ApprovalRules> {
    return (await this.controls.find(owner)).approvalRules;
  }

  /** Replaces them for payouts to come. Those that wait keep the rules under which they were taken. */
  async put(owner: ControlOwner, request: PutApprovalRulesRequest): Promise<ApprovalRules> {
    const approvalRules = readRules(request);
    await this.database.write((tx) => this.controls.change(tx, owner, () => ({ approvalRules })));
    return approvalRules;
  }
}

function readRules({ amounts, firstPaymentToNewNumber }: PutApprovalRulesRequest): ApprovalRules {
  return {
    amounts: amounts.map(({ currency, amount, approvals }, index) => {
      const pointers = { amount: `/amounts/${String(index)}/amount`, currency: `/amounts/${String(index)}/currency` };
      return { currency, fromMinor: readAmount(amount, currency, pointers).amountMinor.toString(), approvals };
    }),
    newNumberApprovals: firstPaymentToNewNumber,
  };
}
