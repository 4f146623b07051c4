import { Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { ObjectIdPipe } from '../http/object-id.pipe.js';
import type { Page } from '../http/pages.js';
import { EmailResends } from './email-resends.js';
import { EmailPage, EmailResponse, ListEmailsQuery, PreviewEmailQuery } from './email.dto.js';
import { EmailsService } from './emails.service.js';

const EMAIL_ID = new ObjectIdPipe('eml');

// What a merchant or customer wrote is escaped, and even if it were not: nothing runs, posts or loads but pictures.
const PREVIEW_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/** Every mail, and what became of it. */
@ApiTags('E-mails')
@Controller('v1/emails')
export class EmailsController {
  constructor(
    private readonly emails: EmailsService,
    private readonly resends: EmailResends,
  ) {}

  @Get()
  @RequireScope('read')
  @ApiOperation({
    summary: 'List e-mails',
    description: 'One for each event, kind and address, newest first, with what became of it. Scope `read`.',
  })
  @ApiOkResponse({ type: EmailPage })
  @ApiProblems()
  list(@CurrentCaller() caller: MerchantCaller, @Query() query: ListEmailsQuery): Promise<Page<EmailResponse>> {
    return this.emails.list(caller, query, (row) => EmailResponse.from(row));
  }

  @Get(':id')
  @RequireScope('read')
  @ApiOperation({ summary: 'An e-mail', description: 'One e-mail by its id. Scope `read`.' })
  @ApiOkResponse({ type: EmailResponse })
  @ApiProblems()
  async get(@CurrentCaller() caller: MerchantCaller, @Param('id', EMAIL_ID) id: string): Promise<EmailResponse> {
    return EmailResponse.from(await this.emails.get(caller, id));
  }

  @Get(':id/preview')
  @RequireScope('read')
  @ApiOperation({
    summary: 'Look at an e-mail',
    description:
      'As its reader sees it: HTML under a policy that lets nothing run, or plain text with `format=text`. The link to unsubscribe is left out. Scope `read`.',
  })
  @ApiProduces('text/html', 'text/plain')
  @ApiOkResponse({ description: 'The mail.', schema: { type: 'string' } })
  @ApiProblems()
  async preview(
    @CurrentCaller() caller: MerchantCaller,
    @Param('id', EMAIL_ID) id: string,
    @Query() { format }: PreviewEmailQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { html, text } = await this.emails.preview(caller, id);
    void reply.header('content-security-policy', PREVIEW_POLICY);
    void reply.type(format === 'html' ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8');
    return format === 'html' ? html : text;
  }

  @Post(':id/resend')
  @HttpCode(202)
  @RequireScope('webhooks:write')
  @ApiOperation({
    summary: 'Send an e-mail again',
    description:
      'Now, to the same address and with the same words, in a new round of up to ten attempts, whatever became of it before. 409 where this gateway sends no mail, or the address is marked. Scope `webhooks:write`.',
  })
  @ApiAcceptedResponse({ type: EmailResponse })
  @ApiProblems('conflict')
  async resend(@CurrentCaller() caller: MerchantCaller, @Param('id', EMAIL_ID) id: string): Promise<EmailResponse> {
    return EmailResponse.from(await this.resends.resend(caller, id));
  }
}
