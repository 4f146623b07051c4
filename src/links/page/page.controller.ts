import { Controller, Get, Param, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../../http/problem.js';
import { RealtimeTickets } from '../../realtime/realtime-tickets.js';
import { readLang } from './languages.js';
import { PageLimits } from './page-limits.js';
import { PageFilter } from './page.filter.js';
import { PageViews } from './page-views.js';
import { Payments, type Outcome } from './payments.js';
import { toPagePath } from './page-path.js';
import { sendPage } from './send-page.js';
import { toState, Visits, type Visit } from './visits.js';

/** The page where a link is paid. Open to whoever has its address; looking at it changes nothing. */
@ApiExcludeController()
@UseFilters(PageFilter)
@Controller('l')
export class PageController {
  constructor(
    private readonly visits: Visits,
    private readonly views: PageViews,
    private readonly payments: Payments,
    private readonly limits: PageLimits,
    private readonly tickets: RealtimeTickets,
  ) {}

  @Get(':token')
  async show(@Param('token') token: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.open(token, request);
    sendPage(reply, await this.views.make(visit), 200);
  }

  /** For the script: whether there is something new to see. */
  @Get(':token/status')
  async tell(@Param('token') token: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.open(token, request);
    void reply.header('cache-control', 'no-store').send({ state: toState(visit) });
  }

  /** A form came back at these addresses: who opens one again, or shares it, gets the page. */
  @Get([':token/attempts', ':token/otp', ':token/cancel', ':token/live'])
  async showInstead(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    void reply.redirect(toPagePath(await this.open(token, request)), 303);
  }

  /** For the script: a ticket for a socket that tells at once when there is. A POST, for previews follow every GET. */
  @Post(':token/live')
  async listen(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { link } = await this.open(token, request);
    const { url } = await this.tickets.issueForLink({ merchantId: link.merchantId, mode: link.mode }, link.id);
    void reply.header('cache-control', 'no-store').send({ url });
  }

  @Post(':token/attempts')
  async pay(@Param('token') token: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.open(token, request);
    await this.answer(visit, reply, await this.payments.start(visit, request));
  }

  @Post(':token/otp')
  async confirm(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const visit = await this.open(token, request);
    await this.answer(visit, reply, await this.payments.enterCode(visit, request));
  }

  @Post(':token/cancel')
  async stop(@Param('token') token: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const visit = await this.open(token, request);
    await this.answer(visit, reply, await this.payments.stop(visit, request));
  }

  private async open(token: string, request: FastifyRequest): Promise<Visit> {
    const visit = await this.visits.find(token, {
      lang: readLang(request),
      acceptLanguage: request.headers['accept-language'],
    });
    this.limits.takeVisit(visit?.link.id, request.raw);
    if (!visit) throw notFound();
    return visit;
  }

  /** Who posted is sent to look at the page, so that nothing is posted again by a reload; or gets his form back. */
  private async answer(visit: Visit, reply: FastifyReply, outcome: Outcome): Promise<void> {
    if (outcome.kind === 'done') return void reply.redirect(toPagePath(visit), 303);
    const { typed, fault, status } = outcome;
    if (fault.waitSeconds !== undefined) void reply.header('retry-after', String(fault.waitSeconds));
    sendPage(reply, await this.views.make(visit, typed, fault), status);
  }
}
