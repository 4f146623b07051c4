import { MESSAGES_SHOWN, toIsoTime, type PhoneOnPage } from '#libs/simulators/kit';
import type { Transaction } from './book.js';
import { MAGIC_ENDINGS } from './outcomes.js';
import { canAnswer } from './timeline.js';
import type { World } from './world.js';

/** A phone as the control API and the page show it. */
export interface PhoneView {
  /** Digits, country code first. */
  readonly msisdn: string;
  /** What its last four digits ask for, if anything. */
  readonly magic: string | null;
  /** The payment that waits for this phone. */
  readonly prompt: { readonly id: string; readonly text: string; readonly checkoutUrl: string } | null;
  /** Text messages, newest first. */
  readonly messages: readonly { readonly at: string; readonly text: string }[];
}

export function toPhoneView(world: World, msisdn: string): PhoneView {
  const all = [...world.book.transactions.values()].filter((transaction) => phoneOf(transaction) === msisdn);
  const open = all.findLast((transaction) => canAnswer(world, transaction));
  const messages = all
    .filter(({ status }) => status === 'success')
    .slice(-MESSAGES_SHOWN)
    .reverse();
  return {
    msisdn,
    magic: MAGIC_ENDINGS[msisdn.slice(-4)] ?? null,
    prompt: open ? toPrompt(world, open) : null,
    messages: messages.map((transaction) => ({
      at: toIsoTime(transaction.endedAt ?? 0),
      text: toMessage(world, transaction),
    })),
  };
}

/** Every phone that was named by a payment or a payout. */
export function listPhones(world: World): PhoneView[] {
  const phones = [...world.book.transactions.values()].flatMap((transaction) => phoneOf(transaction) ?? []);
  return [...new Set(phones)].map((phone) => toPhoneView(world, phone));
}

/** The same for the phones page. */
export function listPhonesOnPage(world: World): PhoneOnPage[] {
  return listPhones(world).map(({ msisdn, prompt, messages }) => ({
    msisdn,
    prompt: prompt && { text: prompt.text, pageUrl: prompt.checkoutUrl },
    messages,
  }));
}

function phoneOf({ record, plan }: Transaction): string | null {
  return record.recipient ?? (plan?.party || (record.restrictedPhone ?? record.customer.phone));
}

function toPrompt(world: World, { record }: Transaction) {
  return {
    id: record.id,
    text: `${shopOf(world, record.app)}: ${record.amount} ${record.currency}, ${record.description}`,
    checkoutUrl: `${world.baseUrl}/checkout/${record.id}`,
  };
}

function toMessage(world: World, { record }: Transaction): string {
  const shop = shopOf(world, record.app);
  const money = `${record.amount} ${record.currency}`;
  return record.kind === 'payout'
    ? `You have received ${money} from ${shop}: ${record.description}. Ref ${record.id}.`
    : `You have paid ${money} to ${shop}: ${record.description}. Ref ${record.id}.`;
}

export function shopOf({ directory }: World, app: string): string {
  return directory.apps.find(({ id }) => id === app)?.name ?? app;
}
