import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { NotificationSettingsResponse, UpdateNotificationSettingsRequest } from './notification-settings.dto.js';
import { NotificationSettingsService } from './notification-settings.service.js';

/** Which mails are sent, to whom, and in whose name. */
@ApiTags('E-mails')
@Controller('v1/notification-settings')
export class NotificationSettingsController {
  constructor(private readonly settings: NotificationSettingsService) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'Your notification settings',
    description: 'Which e-mails are sent, to whom, and in whose name, in the mode of your key. Scope `read`.',
  })
  @ApiOkResponse({ type: NotificationSettingsResponse })
  @ApiProblems()
  async get(@CurrentCaller() caller: MerchantCaller): Promise<NotificationSettingsResponse> {
    return NotificationSettingsResponse.from(await this.settings.get(caller));
  }

  @Patch()
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Change your notification settings',
    description:
      'What you leave out stays, each kind by itself; null clears. It holds for events from now on. Scope `webhooks:write`.',
  })
  @ApiOkResponse({ type: NotificationSettingsResponse })
  @ApiProblems('invalid_request', 'unknown_field')
  async update(
    @CurrentCaller() caller: MerchantCaller,
    @Body() changes: UpdateNotificationSettingsRequest,
  ): Promise<NotificationSettingsResponse> {
    return NotificationSettingsResponse.from(await this.settings.update(caller, changes));
  }
}
