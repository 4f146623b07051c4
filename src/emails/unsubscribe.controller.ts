import { Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { toUnsubscribePage, UNSUBSCRIBE_POLICY } from './unsubscribe-page.js';
import { UnsubscribeService } from './unsubscribe.service.js';

/** For readers of notices: no key, the link is what lets them in. */
@ApiExcludeController()
@Controller('unsubscribe')
export class UnsubscribeController {
  constructor(private readonly subscriptions: UnsubscribeService) {}

  /** Changes nothing: mail programs and virus scanners open links too. */
  @Get(':token')
  async ask(@Param('token') token: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { locale, merchantName } = await this.subscriptions.find(token);
    return asPage(reply, toUnsubscribePage('ask', locale, merchantName));
  }

  /** From the page's button, or at once from a mail program (RFC 8058). */
  @Post(':token')
  @HttpCode(200)
  async stop(@Param('token') token: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { locale, merchantName } = await this.subscriptions.stop(token);
    return asPage(reply, toUnsubscribePage('done', locale, merchantName));
  }
}

function asPage(reply: FastifyReply, html: string): string {
  void reply.header('content-security-policy', UNSUBSCRIBE_POLICY).type('text/html; charset=utf-8');
  return html;
}
