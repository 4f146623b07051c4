import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { WebhookRecoveryResponse } from './webhook-recovery.dto.js';
import { WebhookRecoveriesService } from './webhook-recoveries.service.js';

const RECOVERY_ID = new ObjectIdPipe('rcv');

/** How recoveries of endpoints get on. */
@ApiTags('Webhooks')
@Controller('v1/webhook-recoveries')
export class WebhookRecoveriesController {
  constructor(private readonly recoveries: WebhookRecoveriesService) {}

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'A recovery', description: 'How far it has come. Scope `read`.' })
  @ApiOkResponse({ type: WebhookRecoveryResponse })
  @ApiProblems()
  async get(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', RECOVERY_ID) id: string,
  ): Promise<WebhookRecoveryResponse> {
    return WebhookRecoveryResponse.from(await this.recoveries.get(caller, id));
  }
}
