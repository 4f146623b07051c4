/** A way of paying as Moneroo's catalogue lists it (§8). */
export interface Method {
  readonly code: string;
  readonly name: string;
  readonly currency: string;
  /** ISO 3166-1 alpha-2; `*` is anywhere. */
  readonly countries: readonly string[];
  readonly kinds: readonly Kind[];
  /** The one field that a payout's recipient needs. */
  readonly field: 'msisdn' | 'account_number' | null;
}

export type Kind = 'payment' | 'payout';

type Row = readonly [code: string, name: string, currency: string, countries: string, kinds: string, field: string];

/** The tables of the documentation, and the payout methods that only the live catalogue of 2025-02 had. */
// prettier-ignore
const ROWS: readonly Row[] = [
  ['airtel_cd', 'Airtel Congo', 'CDF', 'CD', 'payment payout', 'msisdn'],
  ['airtel_mw', 'Airtel Money Malawi', 'MWK', 'MW', 'payment payout', 'msisdn'],
  ['airtel_ne', 'Airtel Niger', 'XOF', 'NE', 'payment', ''],
  ['airtel_ng', 'Airtel Money Nigeria', 'NGN', 'NG', 'payment payout', 'msisdn'],
  ['airtel_rw', 'Airtel Rwanda', 'RWF', 'RW', 'payment payout', 'msisdn'],
  ['airtel_tz', 'Airtel Tanzania', 'TZS', 'TZ', 'payment payout', 'msisdn'],
  ['airtel_ug', 'Airtel Uganda', 'UGX', 'UG', 'payment payout', 'msisdn'],
  ['airtel_zm', 'Airtel Zambia', 'ZMW', 'ZM', 'payment payout', 'msisdn'],
  ['bank_transfer_ng', 'Bank Transfer NG', 'NGN', 'NG', 'payment', ''],
  ['barter', 'Barter', 'NGN', 'NG', 'payment', ''],
  ['card_ghs', 'Credit Card GHS', 'GHS', 'GH', 'payment', ''],
  ['card_kes', 'Card Kenya', 'KES', 'KE', 'payment', ''],
  ['card_ngn', 'Credit Card NGN', 'NGN', 'NG', 'payment', ''],
  ['card_tzs', 'Card Tanzania', 'TZS', 'TZ', 'payment', ''],
  ['card_ugx', 'Card Uganda', 'UGX', 'UG', 'payment', ''],
  ['card_usd', 'Credit Card USD', 'USD', '*', 'payment', ''],
  ['card_xaf', 'Credit Card XAF', 'XAF', 'CM CF CG GA GQ TD', 'payment', ''],
  ['card_xof', 'Credit Card XOF', 'XOF', 'CI BF TG BJ ML', 'payment', ''],
  ['card_zar', 'Credit Card ZAR', 'ZAR', 'ZA', 'payment', ''],
  ['celtiis_bj', 'Celtiis Benin', 'XOF', 'BJ', 'payment', ''],
  ['crypto_eur', 'Crypto EUR', 'EUR', 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK', 'payment', ''],
  ['crypto_ghs', 'Crypto GHS', 'GHS', 'GH', 'payment', ''],
  ['crypto_ngn', 'Crypto NGN', 'NGN', 'NG', 'payment', ''],
  ['crypto_usd', 'Crypto USD', 'USD', 'US', 'payment', ''],
  ['crypto_xaf', 'Crypto XAF', 'XAF', 'CM CF CG GA GQ TD', 'payment', ''],
  ['crypto_xof', 'Crypto XOF', 'XOF', 'BJ BF CI GW ML NE SN TG', 'payment', ''],
  ['djamo_ci', 'Djamo CI', 'XOF', 'CI', 'payout', 'msisdn'],
  ['djamo_sn', 'Djamo SN', 'XOF', 'SN', 'payout', 'msisdn'],
  ['e_money_sn', 'E-Money Senegal', 'XOF', 'SN', 'payment payout', 'msisdn'],
  ['eu_mobile_cm', 'EU Mobile Money Cameroon', 'XAF', 'CM', 'payment payout', 'msisdn'],
  ['freemoney_sn', 'Free Money Senegal', 'XOF', 'SN', 'payment payout', 'msisdn'],
  ['halopesa_tz', 'Halopesa', 'TZS', 'TZ', 'payment payout', 'msisdn'],
  ['mobi_cash_ml', 'Mobi Cash Mali', 'XOF', 'ML', 'payment', ''],
  ['moneroo_payment_demo', 'Test Payment Method', 'USD', 'US', 'payment', ''],
  ['moneroo_payout_demo', 'Test Payout Method', 'USD', 'US', 'payout', 'account_number'],
  ['moov_bf', 'Moov Burkina Faso', 'XOF', 'BF', 'payment payout', 'msisdn'],
  ['moov_bj', 'Moov Money Benin', 'XOF', 'BJ', 'payment payout', 'msisdn'],
  ['moov_ci', 'Moov Money CI', 'XOF', 'CI', 'payment payout', 'msisdn'],
  ['moov_ml', 'Moov Money Mali', 'XOF', 'ML', 'payment payout', 'msisdn'],
  ['moov_tg', 'Moov Money Togo', 'XOF', 'TG', 'payment payout', 'msisdn'],
  ['mpesa_ke', 'M-Pesa Kenya', 'KES', 'KE', 'payment payout', 'msisdn'],
  ['mpesa_tz', 'Vodacom Tanzania', 'TZS', 'TZ', 'payment payout', 'msisdn'],
  ['mtn_bj', 'MTN MoMo Benin', 'XOF', 'BJ', 'payment payout', 'msisdn'],
  ['mtn_ci', 'MTN MoMo CI', 'XOF', 'CI', 'payment payout', 'msisdn'],
  ['mtn_cm', 'MTN MoMo Cameroon', 'XAF', 'CM', 'payment payout', 'msisdn'],
  ['mtn_gh', 'MTN MoMo Ghana', 'GHS', 'GH', 'payment payout', 'msisdn'],
  ['mtn_gn', 'MTN MoMo Guinea', 'GNF', 'GN', 'payment', ''],
  ['mtn_ng', 'MTN Nigeria', 'NGN', 'NG', 'payment payout', 'msisdn'],
  ['mtn_rw', 'MTN MoMo Rwanda', 'RWF', 'RW', 'payment payout', 'msisdn'],
  ['mtn_ug', 'MTN MoMo Uganda', 'UGX', 'UG', 'payment payout', 'msisdn'],
  ['mtn_zm', 'MTN MoMo Zambia', 'ZMW', 'ZM', 'payment payout', 'msisdn'],
  ['orange_bf', 'Orange Burkina Faso', 'XOF', 'BF', 'payment payout', 'msisdn'],
  ['orange_cd', 'Orange Congo', 'CDF', 'CD', 'payment payout', 'msisdn'],
  ['orange_ci', 'Orange Money CI', 'XOF', 'CI', 'payment payout', 'msisdn'],
  ['orange_cm', 'Orange Money Cameroon', 'XAF', 'CM', 'payment payout', 'msisdn'],
  ['orange_gn', 'Orange Money Guinea', 'GNF', 'GN', 'payment', ''],
  ['orange_ml', 'Orange Money Mali', 'XOF', 'ML', 'payment payout', 'msisdn'],
  ['orange_sn', 'Orange Money Senegal', 'XOF', 'SN', 'payment payout', 'msisdn'],
  ['qr_ngn', 'QR Code Nigeria', 'NGN', 'NG', 'payment', ''],
  ['tigo_gh', 'Airtel/Tigo Ghana', 'GHS', 'GH', 'payment payout', 'msisdn'],
  ['tigo_tz', 'Tigo Tanzania', 'TZS', 'TZ', 'payment payout', 'msisdn'],
  ['tnm_mw', 'TNM Mpamba Malawi', 'MWK', 'MW', 'payment payout', 'msisdn'],
  ['togocel', 'Togocel Money', 'XOF', 'TG', 'payment payout', 'msisdn'],
  ['ussd_ngn', 'USSD NGN', 'NGN', 'NG', 'payment', ''],
  ['vodacom_cd', 'Vodacom Congo', 'CDF', 'CD', 'payment payout', 'msisdn'],
  ['vodafone_gh', 'Vodafone Ghana', 'GHS', 'GH', 'payment payout', 'msisdn'],
  ['wave_ci', 'Wave CI', 'XOF', 'CI', 'payment payout', 'msisdn'],
  ['wave_sn', 'Wave Senegal', 'XOF', 'SN', 'payment payout', 'msisdn'],
  ['wizall_sn', 'Wizall Senegal', 'XOF', 'SN', 'payment', ''],
  ['zamtel_zm', 'Zamtel Kwacha', 'ZMW', 'ZM', 'payment payout', 'msisdn'],
];

export const METHODS: readonly Method[] = ROWS.map(([code, name, currency, countries, kinds, field]) => ({
  code,
  name,
  currency,
  countries: countries.split(' '),
  kinds: (['payment', 'payout'] as const).filter((kind) => kinds.split(' ').includes(kind)),
  field: (['msisdn', 'account_number'] as const).find((known) => known === field) ?? null,
}));

/** Where the money of tests moves: always there, in sandboxes often alone (§0.12). */
export const DEMO_METHODS: readonly string[] = ['moneroo_payment_demo', 'moneroo_payout_demo'];

export function findMethod(kind: Kind, code: string): Method | undefined {
  return METHODS.find((method) => method.code === code && method.kinds.includes(kind));
}

interface CurrencyFacts {
  readonly name: string;
  readonly symbol: string;
  readonly decimals: number;
}

// prettier-ignore
export const CURRENCIES: Readonly<Record<string, CurrencyFacts>> = {
  XOF: { name: 'West African CFA Franc', symbol: 'F CFA', decimals: 0 },
  XAF: { name: 'Central African CFA Franc', symbol: 'FCFA', decimals: 0 },
  GHS: { name: 'Ghanaian Cedi', symbol: 'GH₵', decimals: 2 },
  NGN: { name: 'Nigerian Naira', symbol: '₦', decimals: 2 },
  KES: { name: 'Kenyan Shilling', symbol: 'KSh', decimals: 2 },
  TZS: { name: 'Tanzanian Shilling', symbol: 'TSh', decimals: 2 },
  UGX: { name: 'Ugandan Shilling', symbol: 'USh', decimals: 0 },
  RWF: { name: 'Rwandan Franc', symbol: 'FRw', decimals: 0 },
  ZMW: { name: 'Zambian Kwacha', symbol: 'ZK', decimals: 2 },
  MWK: { name: 'Malawian Kwacha', symbol: 'MK', decimals: 2 },
  CDF: { name: 'Congolese Franc', symbol: 'FC', decimals: 2 },
  GNF: { name: 'Guinean Franc', symbol: 'FG', decimals: 0 },
  USD: { name: 'US Dollar', symbol: '$', decimals: 2 },
  EUR: { name: 'Euro', symbol: '€', decimals: 2 },
  ZAR: { name: 'South African Rand', symbol: 'R', decimals: 2 },
};

interface CountryFacts {
  readonly name: string;
  readonly alpha3: string;
  readonly dialCode: string;
}

// prettier-ignore
export const COUNTRIES: Readonly<Record<string, CountryFacts>> = {
  BJ: { name: 'Benin', alpha3: 'BEN', dialCode: '229' },
  CI: { name: "Côte d'Ivoire", alpha3: 'CIV', dialCode: '225' },
  SN: { name: 'Senegal', alpha3: 'SEN', dialCode: '221' },
  TG: { name: 'Togo', alpha3: 'TGO', dialCode: '228' },
  ML: { name: 'Mali', alpha3: 'MLI', dialCode: '223' },
  BF: { name: 'Burkina Faso', alpha3: 'BFA', dialCode: '226' },
  NE: { name: 'Niger', alpha3: 'NER', dialCode: '227' },
  CM: { name: 'Cameroon', alpha3: 'CMR', dialCode: '237' },
  GH: { name: 'Ghana', alpha3: 'GHA', dialCode: '233' },
  NG: { name: 'Nigeria', alpha3: 'NGA', dialCode: '234' },
  KE: { name: 'Kenya', alpha3: 'KEN', dialCode: '254' },
  TZ: { name: 'Tanzania', alpha3: 'TZA', dialCode: '255' },
  UG: { name: 'Uganda', alpha3: 'UGA', dialCode: '256' },
  RW: { name: 'Rwanda', alpha3: 'RWA', dialCode: '250' },
  ZM: { name: 'Zambia', alpha3: 'ZMB', dialCode: '260' },
  MW: { name: 'Malawi', alpha3: 'MWI', dialCode: '265' },
  CD: { name: 'Congo (DRC)', alpha3: 'COD', dialCode: '243' },
  GN: { name: 'Guinea', alpha3: 'GIN', dialCode: '224' },
  US: { name: 'United States', alpha3: 'USA', dialCode: '1' },
  ZA: { name: 'South Africa', alpha3: 'ZAF', dialCode: '27' },
};
