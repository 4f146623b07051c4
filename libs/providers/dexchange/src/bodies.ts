import type { FailureReason, Instruction, SubmissionOutcome } from '#libs/provider-kit';
import { LINK_BOUNDS } from './codes.js';
import { NATIONAL_DIGITS } from './methods.js';
import type { DirectBody, LinkBody } from './wire.js';

type Rejected = SubmissionOutcome & { kind: 'rejected' };

/** The one purpose for which an attempt gets a callback path. */
export const STATUS_PURPOSE = 'status';

/** The direct transaction of an instruction, or the refusal of one that DExchange has no words for. */
export function toDirectBody(instruction: Instruction, returnUrl: string | undefined): DirectBody | Rejected {
  const amount = toFrancs(instruction);
  if (amount === undefined) return rejected('provider_rejected', 'the amount is no whole number of francs');
  const { method, party } = instruction;
  const number = party.phone.nationalDigits;
  // Nine digits without a country code; with one the call is refused (§0.8).
  if (party.phone.country !== method.country || number.length !== NATIONAL_DIGITS[method.country])
    return rejected('invalid_recipient', 'the number belongs to another country than the method');
  return { ...toCommonBody(instruction, returnUrl), serviceCode: method.providerCode, amount: Number(amount), number };
}

/** The hosted link of an instruction, or the refusal of one. */
export function toLinkBody(instruction: Instruction, returnUrl: string | undefined): LinkBody | Rejected {
  const amount = toFrancs(instruction);
  if (amount === undefined) return rejected('provider_rejected', 'the amount is no whole number of francs');
  if (amount < LINK_BOUNDS.least || amount > LINK_BOUNDS.most)
    return rejected('limit_exceeded', `a link takes ${LINK_BOUNDS.least} to ${LINK_BOUNDS.most} francs`);
  const { party, reference, description, attemptId } = instruction;
  const name = [party.firstName, party.lastName].filter(Boolean).join(' ') || party.name;
  // A payer from another country is no reason to refuse a link: the page asks for the number itself.
  const phone = party.phone.country === 'SN' ? party.phone.nationalDigits : undefined;
  return {
    ...toCommonBody(instruction, returnUrl),
    ItemName: description?.trim() || reference,
    ItemPrice: Number(amount),
    customData: JSON.stringify({ attemptId }),
    ...(name && { ClientName: name }),
    ...(phone !== undefined && { ClientPhone: phone }),
    ...(party.email !== undefined && { Email: party.email }),
  };
}

/** All three URLs are wanted of everything, payouts included (§5). */
function toCommonBody({ attemptId, callbackUrls, returnUrl: own }: Instruction, returnUrl: string | undefined) {
  const callBackURL = callbackUrls[STATUS_PURPOSE];
  if (callBackURL === undefined) throw new TypeError('An instruction without a callback path cannot be sent.');
  // Where nobody comes back to a page, ours stands in; the callback path itself must stay secret.
  const back = own ?? returnUrl ?? new URL('/', callBackURL).href;
  return { externalTransactionId: attemptId, callBackURL, successUrl: back, failureUrl: back };
}

function toFrancs({ amount, method }: Instruction): bigint | undefined {
  const whole = amount.currency === method.currency ? amount.inDecimals(method.decimals) : undefined;
  return whole !== undefined && whole >= 1n ? whole : undefined;
}

function rejected(reason: FailureReason, providerMessage: string): Rejected {
  return { kind: 'rejected', reason, said: { providerMessage } };
}
