import type { Answer, Reply, Request } from '#libs/simulators/kit';
import { answerWith, refusal, toDirectStatus, toLinkStatus, toWord } from './bodies.js';
import { TERMINAL, type Transaction } from './book.js';
import { readFields } from './fields.js';
import { toIsoSeconds } from './ids.js';
import { SERVICES } from './services.js';
import type { Simulator } from './simulator.js';

/** The third wrong code ends a Wizall collection (§6, our assumption). */
const MOST_WRONG_OTPS = 3;

/** `GET /api/v1/transaction/{TID}` and `…/merchant/{MID}` (§4, §5). Another merchant's does not exist. */
export function readStatus(
  { world }: Simulator,
  asked: { readonly id: string; readonly isLink: boolean; readonly merchant: string },
): Reply {
  const { faults } = world;
  const delayMs = faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0;
  if (faults.strikes('readError')) return { answer: refusal(500, ['Internal server error']), delayMs };
  const found = world.book.transactions.get(asked.id);
  const isTheirs = found?.record.merchant === asked.merchant && (found.record.kind === 'LINK') === asked.isLink;
  if (!found || !isTheirs || faults.strikes('readNotFound'))
    return { answer: refusal(404, ['No transaction found']), delayMs };
  const body = asked.isLink ? toLinkStatus(world, found) : toDirectStatus(world, found);
  return { answer: answerWith(world, 200, body), delayMs };
}

/** `POST /api/v1/transaction/confirm/wizall` (§6). */
export function confirmWizall(simulator: Simulator, request: Request, merchant: string): Reply {
  const { world, timeline } = simulator;
  const fields = readFields(request);
  const id = fields?.text('transactionId') ?? '';
  const otp = fields?.text('otp') ?? '';
  if (!fields || fields.problems.length > 0)
    return { answer: refusal(400, fields?.problems ?? ['The request body is not valid JSON']) };
  const found = world.book.transactions.get(id);
  if (found?.record.merchant !== merchant || found.record.otp === null)
    return { answer: refusal(404, ['No transaction found']) };
  if (TERMINAL.includes(found.status) || found.plan !== null)
    return { answer: refusal(400, ['Transaction already confirmed']) };
  if (otp !== found.record.otp) return { answer: refuseOtp(simulator, found) };
  timeline.pay(found, found.record.service ?? '', found.record.number ?? '');
  const { amount, fee, externalId } = found.record;
  const transaction = {
    success: true,
    amount,
    fee,
    transactionId: id,
    externalTransactionId: externalId,
    [world.settings.get('statusKey')]: toWord(world, found.status),
  };
  return { answer: simulator.spoil(answerWith(world, 201, { message: 'Transaction confirmed', transaction })) };
}

function refuseOtp({ world, timeline }: Simulator, transaction: Transaction): Answer {
  world.book.record({ kind: 'wrongOtp', id: transaction.record.id });
  if (transaction.wrongOtps >= MOST_WRONG_OTPS) timeline.settle(transaction, 'FAILED');
  return refusal(400, ['Invalid OTP']);
}

/** `GET /api/v1/api-services/services` (§7). */
export function listServices({ world }: Simulator): Answer {
  if (world.faults.strikes('servicesError')) return refusal(500, ['Internal server error']);
  const services = SERVICES.map(({ name, code, type, country }) => ({
    serviceName: name,
    serviceCode: code,
    serviceType: type,
    country,
  }));
  return answerWith(world, 200, { services });
}

/** `GET /api/v1/api-services/balance` (§8). */
export function readBalance({ world }: Simulator, merchant: string): Answer {
  if (world.faults.strikes('balanceError')) return refusal(500, ['Internal server error']);
  const balance = world.book.balanceOf(merchant, world.settings.get('balance'));
  const lastUpdate = toIsoSeconds(world.time.now());
  return answerWith(world, 200, {
    message: 'Balance fetched successfully',
    balance: { success: true, balance, currency: 'XOF', lastUpdate },
  });
}
