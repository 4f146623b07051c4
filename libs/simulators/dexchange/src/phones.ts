import { MESSAGES_SHOWN, toIsoTime, type PhoneOnPage } from '#libs/simulators/kit';
import type { Transaction } from './book.js';
import { MAGIC_ENDINGS } from './outcomes.js';
import { findService } from './services.js';
import { digitsOf } from './simulator.js';
import { canAnswer } from './timeline.js';
import type { World } from './world.js';

/** A phone as the control API and the page show it. */
export interface PhoneView {
  /** Digits, country code first. */
  readonly msisdn: string;
  /** What its last two digits ask for, if anything. */
  readonly magic: string | null;
  /** The collection or link that waits for this phone. */
  readonly prompt: {
    readonly id: string;
    readonly text: string;
    readonly pageUrl: string | null;
    readonly otp: string | null;
  } | null;
  /** Text messages, newest first. */
  readonly messages: readonly { readonly at: string; readonly text: string }[];
}

export function toPhoneView(world: World, msisdn: string): PhoneView {
  const all = [...world.book.transactions.values()].filter((transaction) => digitsOf(transaction) === msisdn);
  const open = all.findLast(canAnswer);
  const paid = all.filter(({ status }) => status === 'SUCCESS').slice(-MESSAGES_SHOWN);
  return {
    msisdn,
    magic: MAGIC_ENDINGS[msisdn.slice(-2)] ?? null,
    prompt: open ? toPrompt(world, open) : null,
    messages: paid.reverse().map((transaction) => ({
      at: toIsoTime(transaction.endedAt ?? 0),
      text: toMessage(transaction),
    })),
  };
}

/** Every phone that a transaction names. */
export function listPhones(world: World): PhoneView[] {
  const phones = [...world.book.transactions.values()].flatMap((transaction) => digitsOf(transaction) ?? []);
  return [...new Set(phones)].map((phone) => toPhoneView(world, phone));
}

/** The same for the phones page. */
export function listPhonesOnPage(world: World): PhoneOnPage[] {
  return listPhones(world).map(({ msisdn, prompt, messages }) => ({
    msisdn,
    prompt: prompt && { ...prompt, code: prompt.otp === null ? null : { from: 'Wizall', digits: prompt.otp } },
    messages,
  }));
}

/** Confirmations of paid links: they go to the merchant, never to the payer (§3). */
export function listEmails({ book, directory }: World) {
  return book
    .transfers()
    .filter(({ record }) => record.kind === 'LINK')
    .map(({ record, endedAt }) => ({
      to: directory.merchants.find(({ name }) => name === record.merchant)?.email ?? '',
      subject: `Paiement reçu : ${record.itemName ?? record.id}`,
      text: `${record.amount} FCFA, ${record.id}, ${record.externalId}`,
      at: toIsoTime(endedAt ?? 0),
    }));
}

function toPrompt(world: World, { record }: Transaction): PhoneView['prompt'] {
  const isPage = record.kind === 'LINK' || findService(record.service ?? '')?.flow === 'page';
  return {
    id: record.id,
    text: `${record.merchant}: ${record.amount} FCFA${record.itemName === null ? '' : `, ${record.itemName}`}`,
    pageUrl: isPage ? `${world.baseUrl}/${record.kind === 'LINK' ? 'process' : 'c'}/${record.id}` : null,
    otp: record.otp,
  };
}

function toMessage({ record, operatorRef }: Transaction): string {
  const isPaidOut = record.kind === 'CASHIN' || record.kind === 'AIRTIME';
  const words = isPaidOut ? 'You have received' : 'You have paid';
  const direction = isPaidOut ? 'from' : 'to';
  return `${words} ${record.amount} FCFA ${direction} ${record.merchant}. Ref ${operatorRef ?? record.id}.`;
}
