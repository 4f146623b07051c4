import { json, type Answer, type Request } from '#libs/simulators/kit';
import type { Prompt } from './book.js';
import { isNumeric } from './callbacks.js';
import { toFirewallPage } from './gateway.js';
import { authorize } from './oauth.js';
import { toQueryDescription } from './stk-codes.js';
import {
  authenticateMerchant,
  invalidField,
  isTimestamp,
  readFields,
  readMatching,
  readText,
  stkError,
} from './stk-fields.js';
import type { World } from './world.js';

/** `POST /mpesa/stkpushquery/v1/query` (§5): the state of a push, and nothing about its money. */
export function queryPush(world: World, request: Request): Answer {
  const app = authorize(world, request, 'stk');
  if ('status' in app) return app;
  if (world.meter.count(app.consumerKey, world.settings.get('queryLimitPerMinute')).isExceeded) return toFirewallPage();
  const prompt = readQuery(world, request);
  if ('status' in prompt) return prompt;

  const { faults, time } = world;
  if (faults.strikes('queryNoise')) return stkError(world, faults.get('queryNoiseMessage'));
  const isTooYoung = time.now() < prompt.push.acceptedAt + faults.get('queryUnknownForMs');
  if (isTooYoung || faults.strikes('queryUnknown')) return unknown(world);
  if (prompt.end) return final(world, prompt, faults.get('queryContradiction') ?? prompt.end.code);
  const early = faults.get('queryEarlyFailure');
  return early === null ? inFlight(world, prompt) : final(world, prompt, early);
}

function readQuery(world: World, request: Request): Prompt | Answer {
  const read = readFields(world, request);
  if (!('fields' in read)) return read;
  const { fields } = read;
  const shortcode = readMatching(fields, 'BusinessShortCode', /^\d{5,7}$/);
  if (shortcode === undefined) return invalidField(world, 'BusinessShortCode');
  const password = readMatching(fields, 'Password', /^[A-Za-z0-9+/]+={0,2}$/);
  if (password === undefined) return invalidField(world, 'Password');
  const timestamp = readText(fields, 'Timestamp');
  if (timestamp === undefined || !isTimestamp(world, timestamp)) return invalidField(world, 'Timestamp');
  const id = readMatching(fields, 'CheckoutRequestID', /^\S+$/);
  if (id === undefined) return invalidField(world, 'CheckoutRequestID');
  const merchant = authenticateMerchant(world, { shortcode, password, timestamp });
  if ('status' in merchant) return merchant;
  const prompt = world.book.prompts.get(id);
  return prompt?.push.shortcode === shortcode ? prompt : unknown(world);
}

function unknown(world: World): Answer {
  return stkError(world, 'The transaction does not Exist');
}

function inFlight(world: World, prompt: Prompt): Answer {
  switch (world.faults.get('inFlight')) {
    case '4999':
      return final(world, prompt, '4999');
    case '500': // The one error whose requestId is the CheckoutRequestID.
      return stkError(world, 'The transaction is being processed', prompt.push.checkoutRequestId);
    case 'empty':
      return json(200, { requestId: world.ids.merchantRequestId(), errorCode: '500.001.1001', errorMessage: '' });
  }
}

function final({ faults }: World, { push }: Prompt, code: string): Answer {
  const asNumber = faults.get('queryResultCodeType') === 'number' && isNumeric(code);
  return json(200, {
    ResponseCode: '0',
    ResponseDescription: 'The service request has been accepted successsfully',
    MerchantRequestID: push.merchantRequestId,
    CheckoutRequestID: push.checkoutRequestId,
    ResultCode: asNumber ? Number(code) : code,
    ResultDesc: code === '4999' ? 'The transaction is still under processing' : toQueryDescription(code),
  });
}
