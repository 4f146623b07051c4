import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Problem } from '../../http/problem.js';
import { chooseLocale, readLang } from './languages.js';
import { sendPage } from './send-page.js';
import type { EndKind, PageView } from './view.js';

const logger = new Logger('PaymentPage');

/** People get a page in their language where a program would get a problem. */
@Catch()
export class PageFilter implements ExceptionFilter {
  private readonly base: string;

  constructor(@Inject(SETTINGS) { publicUrl }: Settings) {
    this.base = new URL(publicUrl).pathname.replace(/\/$/, '');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = error instanceof Problem ? error : undefined;
    if (!problem) logger.error({ err: error, requestId: request.id }, 'The payment page failed.');
    void reply.headers({ ...problem?.extras.headers });
    const view = toEndView(request, this.base, toEnd(problem));
    sendPage(reply, view, problem?.status ?? 500);
  }
}

function toEnd(problem: Problem | undefined): EndKind {
  if (problem?.code === 'not_found') return 'notFound';
  return problem?.code === 'too_many_requests' ? 'tooMany' : 'broken';
}

/** A page that knows of no link. */
function toEndView(request: FastifyRequest, base: string, end: EndKind): PageView {
  const accepted = request.headers['accept-language'];
  return {
    locale: chooseLocale({ switched: readLang(request), link: null, accepted, shop: 'en' }),
    shop: undefined,
    bill: undefined,
    base,
    path: '',
    isSwitched: false,
    screen: { kind: 'end', end, isFresh: false },
    state: undefined,
    returnUrl: undefined,
  };
}
