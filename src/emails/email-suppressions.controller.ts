import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import { PageQuery, type Page } from '../http/pages.js';
import { EmailSuppressionPage, EmailSuppressionResponse } from './email-suppression.dto.js';
import { EmailSuppressions } from './email-suppressions.js';

const SUPPRESSION_ID = new ObjectIdPipe('sup');

/** The addresses that get no mails. */
@ApiTags('E-mails')
@Controller('v1/email-suppressions')
export class EmailSuppressionsController {
  constructor(private readonly suppressions: EmailSuppressions) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List suppressed addresses',
    description: 'Addresses that bounced, or whose owners unsubscribed, newest first. Scope `read`.',
  })
  @ApiOkResponse({ type: EmailSuppressionPage })
  @ApiProblems()
  list(@CurrentCaller() caller: MerchantCaller, @Query() query: PageQuery): Promise<Page<EmailSuppressionResponse>> {
    return this.suppressions.list(caller, query, (row) => EmailSuppressionResponse.from(row));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'A suppressed address', description: 'One suppression by its id. Scope `read`.' })
  @ApiOkResponse({ type: EmailSuppressionResponse })
  @ApiProblems()
  async get(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', SUPPRESSION_ID) id: string,
  ): Promise<EmailSuppressionResponse> {
    return EmailSuppressionResponse.from(await this.suppressions.get(caller, id));
  }

  @Delete(':id')
  @HttpCode(204)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Lift a suppression',
    description:
      'E-mails go to the address again from now on. What was held back meanwhile stays `suppressed` until you resend it. Lift a bounce only once the mailbox is there, and an unsubscription only if its owner asks for it. Scope `webhooks:write`.',
  })
  @ApiNoContentResponse()
  @ApiProblems()
  async lift(@CurrentCaller() caller: MerchantCaller, @Param('id', SUPPRESSION_ID) id: string): Promise<void> {
    await this.suppressions.lift(caller, id);
  }
}
