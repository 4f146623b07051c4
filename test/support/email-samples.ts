import { kindRow, type EmailKind } from '../../src/emails/email-kinds.js';
import { toNews } from '../../src/emails/email-facts.js';
import type { RenderableEmail } from '../../src/emails/email-renderer.js';
import type { EmailContent, EmailLocale } from '../../src/emails/email.entity.js';

const AT = Date.UTC(2026, 10, 22, 14, 33);

const SHOPS: Readonly<Record<EmailLocale, EmailContent['merchant']>> = {
  en: { name: 'Duka la Achieng', colour: '#b3261e', logoUrl: null, supportUrl: 'https://duka.example/help' },
  fr: { name: 'Boutique Élan & Fils', colour: '#1d4ed8', logoUrl: null, supportUrl: 'https://elan.example/aide' },
};

const MONEY: Readonly<Record<EmailLocale, object>> = {
  en: { amount: '1500.00', currency: 'KES', method: 'mpesa_ke', receipt: 'UKM4K7Q2ZP' },
  fr: { amount: '7500', currency: 'XOF', method: 'wave_sn', receipt: 'T_9XK2P4' },
};

const PARTIES: Readonly<Record<EmailLocale, object>> = {
  en: { phone: '+254708374149', name: 'Achieng Otieno', email: 'achieng@example.com', locale: 'en' },
  fr: {
    phone: '+221771234567',
    firstName: 'Aïssatou',
    lastName: 'Ndiaye',
    email: 'aissatou@example.com',
    locale: 'fr',
  },
};

/** The object of an event that leads to this kind of mail, as the engine would announce it. */
export function toSampleData(kind: EmailKind, locale: EmailLocale): object {
  const [type = ''] = kindRow(kind).on;
  const [family = '', word = ''] = type.split('.');
  if (family === 'webhook_endpoint') {
    return {
      id: 'whk_01KA3X6V0C8Q5R9B2D4F6H8J0K',
      url: 'https://hooks.shop.example/services/T0001/secret-in-the-path?token=abc',
      description: null,
      disabledReason: word === 'disabled' ? 'failing' : null,
      failingSince: new Date(AT - 40 * 60_000).toISOString(),
    };
  }
  if (family === 'provider') {
    const currency = locale === 'fr' ? 'XOF' : 'KES';
    const toAmount = (whole: string): string => (locale === 'fr' ? whole : `${whole}.00`);
    return {
      object: 'balance',
      providerAccountId: 'pac_01KA3X6V0C8Q5R9B2D4F6H8J0K',
      provider: locale === 'fr' ? 'dexchange' : 'mpesa',
      balances: [
        { account: 'Working Account', available: toAmount('228000'), currency },
        { account: 'Utility Account', available: toAmount('4200'), currency },
      ],
      lowBalance: { amount: toAmount('5000'), currency, account: 'Utility Account' },
    };
  }
  const money = { reference: 'INV-118', ...MONEY[locale] };
  if (family === 'payment_link') {
    return {
      id: 'lnk_01KA3X6V0C8Q5R9B2D4F6H8J0K',
      ...money,
      itemName: locale === 'fr' ? 'Panier n° 118' : 'Basket 118',
    };
  }
  const isUnpaid = kind.endsWith('_failed');
  return {
    id: 'txn_01KA3X6V0C8Q5R9B2D4F6H8J0K',
    kind: family,
    status: kindRow(kind).status ?? word,
    ...money,
    ...(isUnpaid && { receipt: null }),
    description: locale === 'fr' ? 'Commande 118' : 'Order 118',
    [family === 'collection' ? 'customer' : 'recipient']: PARTIES[locale],
    failure: isUnpaid ? { code: 'insufficient_funds' } : null,
    doubt: word === 'review' ? { reason: 'contradiction' } : null,
  };
}

/** A mail of this kind as it would be stored. */
export function toSampleEmail(
  kind: EmailKind,
  locale: EmailLocale,
  change: Partial<EmailContent> = {},
): RenderableEmail {
  const [type = ''] = kindRow(kind).on;
  const news = toNews({ type, data: toSampleData(kind, locale), createdAt: AT });
  if (!news) throw new Error(`A sample of ${kind} says nothing.`);
  const merchant = SHOPS[locale];
  const content = { merchant, senderName: merchant.name, replyTo: null, facts: news.facts, ...change };
  return { kind, locale, mode: 'live', content };
}
