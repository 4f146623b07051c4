import { json, type Answer } from '#libs/simulators/kit';
import type { Status, Transaction } from './book.js';
import { toIsoSeconds } from './ids.js';
import { findService } from './services.js';
import type { World } from './world.js';

/** What went wrong, in the one documented form (§3). */
export function refusal(status: number, messages: readonly string[], headers: Record<string, string> = {}): Answer {
  return json(status, { message: messages, success: false }, headers);
}

/** An answer in the generic envelope of the index page where the fault says so. */
export function answerWith({ faults }: World, status: number, body: Readonly<Record<string, unknown>>): Answer {
  const { message, ...data } = body;
  return json(status, faults.get('dataEnvelope') ? { message, success: true, data } : body);
}

/** What a new link is answered with (§3). */
export function toCreatedLink(world: World, transaction: Transaction): Readonly<Record<string, unknown>> {
  const { record } = transaction;
  const created = {
    success: true,
    transactionId: record.id,
    PaymentUrl: `${world.baseUrl}/process/${record.id}`,
    externalTransactionId: record.externalId,
    [world.settings.get('statusKey')]: toWord(world, transaction.status),
  };
  if (world.settings.get('linkEnvelope') === 'flat') return created;
  return { message: 'Transaction initiated successfully', transaction: created };
}

/** What a new direct transaction is answered with (§5). */
export function toInitiated(world: World, transaction: Transaction): Readonly<Record<string, unknown>> {
  const { record } = transaction;
  const { callbackUrl, successUrl, failureUrl } = record;
  return {
    message: 'Transaction initiated successfully',
    transaction: {
      success: true,
      transactionId: record.id,
      externalTransactionId: record.externalId,
      transactionType: record.kind,
      amount: record.amount,
      transactionFee: record.fee,
      number: record.number,
      [world.settings.get('statusKey')]: toWord(world, transaction.status),
      ...toPages(world, transaction),
      callBackURL: callbackUrl,
      successUrl,
      failureUrl,
      webhook: callbackUrl,
    },
  };
}

/** The pages that a payer of Wave opens; other rails have none. */
function toPages({ baseUrl }: World, { record }: Transaction): Readonly<Record<string, string>> {
  const isPaidOnPage = record.kind === 'CASHOUT' && findService(record.service ?? '')?.flow === 'page';
  if (!isPaidOnPage) return {};
  return {
    cashout_url: `${baseUrl}/c/${record.id}?a=${record.amount}&c=XOF&m=DEX`,
    deepLink: `${baseUrl}/wave/${record.id}`,
  };
}

/** What the status of a direct transaction is answered with (§5). It names no external id. */
export function toDirectStatus(world: World, transaction: Transaction): Readonly<Record<string, unknown>> {
  const { faults } = world;
  const { record, operatorRef } = transaction;
  return {
    message: 'Transaction fetched successfully',
    transaction: {
      ServiceName: findService(record.service ?? '')?.name,
      ServiceCode: faults.get('readService') ?? record.service,
      OperatorApi: operatorRef,
      Type: record.kind,
      Amount: Number(faults.get('readAmount') ?? record.amount),
      Number: faults.get('readNumber') ?? record.number,
      ...toTimes(world, transaction),
    },
  };
}

/** What the status of a link is answered with (§4). */
export function toLinkStatus(world: World, transaction: Transaction): Readonly<Record<string, unknown>> {
  const { faults } = world;
  const { record, plan } = transaction;
  return {
    message: 'Transaction fetched successfully',
    transaction: {
      Merchant: record.merchant,
      ItemName: record.itemName,
      Amount: Number(faults.get('readAmount') ?? record.amount),
      // Empty before a payer has entered one (§4, our assumption).
      Number: faults.get('readNumber') ?? plan?.number ?? '',
      ...toTimes(world, transaction),
      SuccessUrl: record.successUrl,
    },
  };
}

function toTimes(world: World, { record, status, endedAt }: Transaction): Readonly<Record<string, unknown>> {
  const { faults, settings } = world;
  const said = faults.strikes('readStale') ? 'PENDING' : toWord(world, status);
  return {
    [settings.get('statusKey')]: faults.get('readStatus') ?? said,
    Initiated_at: toIsoSeconds(record.createdAt),
    Completed_at: endedAt === null ? null : toIsoSeconds(endedAt),
  };
}

/** One flat object, half of it in capitals (§9). `word` need not be the truth. */
export function toWebhookBody(world: World, { record, plan, endedAt }: Transaction, word: Status): string {
  const { faults, book, settings, time } = world;
  const balance = book.balanceOf(record.merchant, settings.get('balance'));
  const moved = record.amount - record.fee;
  return JSON.stringify({
    id: record.id,
    externalTransactionId: faults.get('webhookExternalId') ?? record.externalId,
    transactionType: record.kind,
    AMOUNT: Number(faults.get('webhookAmount') ?? record.amount),
    FEE: record.fee,
    PHONE_NUMBER: plan?.number ?? record.number ?? '',
    STATUS: faults.get('webhookStatus') ?? toWord(world, word),
    CUSTOM_DATA: record.customData,
    COMPLETED_AT: toIsoSeconds(endedAt ?? time.now()),
    BALANCE: balance,
    PREVIOUS_BALANCE: word === 'SUCCESS' ? balance - moved : balance,
    CURRENT_BALANCE: balance,
  });
}

/** A status as this simulator spells it. */
export function toWord({ settings }: World, status: Status): string {
  return status === 'SUCCESS' ? settings.get('successWord') : status;
}
