import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Problem } from '../../http/problem.js';
import { OneTimeCodesService } from '../../transactions/one-time-codes.service.js';
import { LinkPaymentsService } from '../link-payments.service.js';
import { Forms, readAnswers, toCustomer, type Typed } from './forms.js';
import { PageLimits } from './page-limits.js';
import type { FaultView } from './view.js';
import type { Visit } from './visits.js';
import type { FormFault } from './words.js';

/** What became of a form: done, to be seen on the page; or back to the visitor with what is wrong with it. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly typed: Typed; readonly fault: FaultView; readonly status: number };

const DONE: Outcome = { kind: 'done' };

const Fields = z.record(z.string(), z.string()).catch({});

/** Reads the forms of the page and does what they ask for. */
@Injectable()
export class Payments {
  constructor(
    private readonly forms: Forms,
    private readonly links: LinkPaymentsService,
    private readonly codes: OneTimeCodesService,
    private readonly limits: PageLimits,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Begins to pay. A link that is over or being paid is shown as it is: that is the answer. */
  async start({ link, merchant, url }: Visit, request: FastifyRequest): Promise<Outcome> {
    const fields = Fields.parse(request.body);
    const typed = this.isFromOurPage(request) ? this.forms.read(link, fields) : undefined;
    if (!typed) return toStale(fields);
    const missing = findMissing(typed, link.customer?.phone);
    if (missing) return again(typed, { code: missing }, 422);
    // The form may have been open for longer than the shop was.
    if (merchant.status === 'suspended') return again(typed, { code: 'method_unavailable' }, 422);
    this.limits.takeAttempt(link.id, request.raw);
    const { nonce, method, phone } = typed;
    try {
      await this.links.start(link, { nonce, method, phone, extra: toCustomer(typed), pageUrl: url });
      return DONE;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return error.code === 'conflict' ? DONE : toOutcome(error, typed, fields);
    }
  }

  /** Hands the customer's one-time code on. What was decided meanwhile is shown on the page. */
  async enterCode({ link }: Visit, request: FastifyRequest): Promise<Outcome> {
    const fields = Fields.parse(request.body);
    const typed = this.isFromOurPage(request) ? this.forms.read(link, fields) : undefined;
    if (!typed || link.activeTransactionId === null) return DONE;
    const code = fields.otp?.trim() ?? '';
    if (!/^[0-9A-Za-z]{3,12}$/.test(code)) return again(typed, { code: 'otp_missing' }, 422);
    this.limits.takeAttempt(link.id, request.raw);
    try {
      await this.codes.submit(link, link.activeTransactionId, code);
      return DONE;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === 'otp_refused') return again(typed, { code: 'otp_refused' }, error.status);
      return error.code === 'unavailable' ? again(typed, { code: 'otp_unavailable' }, error.status) : DONE;
    }
  }

  /** Stops a payment that was not sent yet. */
  async stop({ link }: Visit, request: FastifyRequest): Promise<Outcome> {
    const fields = Fields.parse(request.body);
    const typed = this.isFromOurPage(request) ? this.forms.read(link, fields) : undefined;
    if (!typed) return DONE;
    return (await this.links.stop(link)) ? DONE : again(typed, { code: 'too_late_to_cancel' }, 409);
  }

  /**
   * A browser says where a form comes from. One from elsewhere is as good as none: the visitor gets ours. Without a word
   * (old browsers) the form's own mark has to do.
   */
  private isFromOurPage({ headers }: FastifyRequest): boolean {
    const { origin, host } = headers;
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    if (origin === undefined) return true;
    return (
      origin === new URL(this.settings.publicUrl).origin || (URL.canParse(origin) && new URL(origin).host === host)
    );
  }
}

function again(typed: Typed, fault: FaultView, status: number): Outcome {
  return { kind: 'again', typed, fault, status };
}

/** The page was open for long, or the form is not ours: it comes back with a new mark, to be confirmed once more. */
function toStale(fields: Readonly<Record<string, string>>): Outcome {
  const { method = '', phone = '' } = fields;
  return again({ nonce: '', ...readAnswers(method, phone, fields) }, { code: 'stale_form' }, 422);
}

function findMissing({ method, phone }: Typed, knownPhone: string | undefined): FormFault | undefined {
  if (phone.trim() === '' && knownPhone === undefined) return 'phone_missing';
  return method === '' ? 'method_missing' : undefined;
}

const FAULTS: Readonly<Partial<Record<Problem['code'], FormFault>>> = {
  recipient_invalid: 'recipient_invalid',
  phone_busy: 'phone_busy',
  repeat_amount_too_soon: 'repeat_amount_too_soon',
  phone_blocked: 'phone_blocked',
  required_field_missing: 'required_field_missing',
  // The same mark with other answers: who went back in his browser, and changed his mind.
  idempotency_key_reused: 'stale_form',
};

function toOutcome(problem: Problem, typed: Typed, fields: Readonly<Record<string, string>>): Outcome {
  const code = FAULTS[problem.code] ?? 'method_unavailable';
  const needed = problem.extras.errors?.map(({ pointer }) => pointer.split('/').at(-1) ?? '');
  const retryAfter = problem.extras.headers?.['retry-after'];
  const waits = retryAfter === undefined ? {} : { waitSeconds: Number(retryAfter) };
  const answers = { ...typed, ...readAnswers(typed.method, typed.phone, fields) };
  return again(
    code === 'required_field_missing' ? { ...answers, needed } : answers,
    { code, ...waits },
    problem.status,
  );
}
