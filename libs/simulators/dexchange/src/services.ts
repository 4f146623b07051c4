/** How a payer agrees to a collection. */
export type Flow = 'push' | 'page' | 'otp' | 'none';

/** A service as DExchange lists it (§7). CASHOUT collects, CASHIN pays out: the customer's view. */
export interface Service {
  readonly name: string;
  readonly code: string;
  readonly type: 'MOBILEMONEY' | 'AIRTIME';
  readonly country: 'SN' | 'ML' | 'CI';
  readonly direction: 'CASHOUT' | 'CASHIN' | 'AIRTIME';
  readonly flow: Flow;
}

/** Dial code and length of a national number. */
export const COUNTRIES: Readonly<Record<Service['country'], { readonly dialCode: string; readonly digits: number }>> = {
  SN: { dialCode: '221', digits: 9 },
  ML: { dialCode: '223', digits: 8 },
  CI: { dialCode: '225', digits: 10 },
};

type Row = readonly [name: string, stem: string, country: Service['country'], flow: Flow, paysOut: boolean];

const ROWS: readonly Row[] = [
  ['Orange Money Senegal', 'OM_SN', 'SN', 'push', true],
  ['Wave Senegal', 'WAVE_SN', 'SN', 'page', true],
  ['Free Money Senegal', 'FM_SN', 'SN', 'push', true],
  ['Wizall Senegal', 'WIZALL_SN', 'SN', 'otp', true],
  ['Orange Money Mali', 'OM_ML', 'ML', 'push', false],
  ['Moov Money Mali', 'MOOV_ML', 'ML', 'push', false],
  ['Orange Money Cote d’Ivoire', 'OM_CI', 'CI', 'push', false],
  ['MTN Cote d’Ivoire', 'MTN_CI', 'CI', 'push', false],
  ['Moov Cote d’Ivoire', 'MOOV_CI', 'CI', 'push', false],
  ['Wave Cote d’Ivoire', 'WAVE_CI', 'CI', 'page', false],
];

const AIRTIME = ['ORANGE_SN', 'FREE_SN', 'EXPRESSO_SN', 'PROMOBILE_SN'];

export const SERVICES: readonly Service[] = [
  ...ROWS.flatMap(([name, stem, country, flow, paysOut]): Service[] => {
    const common = { name, type: 'MOBILEMONEY', country } as const;
    const collect: Service = { ...common, code: `${stem}_CASHOUT`, direction: 'CASHOUT', flow };
    return paysOut ? [collect, { ...common, code: `${stem}_CASHIN`, direction: 'CASHIN', flow: 'none' }] : [collect];
  }),
  ...AIRTIME.map((stem): Service => {
    const name = `${stem.split('_')[0] ?? ''} airtime Senegal`;
    return { name, code: `${stem}_AIRTIME`, type: 'AIRTIME', country: 'SN', direction: 'AIRTIME', flow: 'none' };
  }),
];

/** The operators that the hosted page offers (§12). */
export const PAGE_SERVICES: readonly Service[] = SERVICES.filter(
  ({ country, direction }) => country === 'SN' && direction === 'CASHOUT',
);

export function findService(code: string): Service | undefined {
  return SERVICES.find((service) => service.code === code);
}

/** International digits of a national number, as the book of money has them. */
export function toDigits(number: string, service: string | null): string {
  const country = (service === null ? undefined : findService(service))?.country ?? 'SN';
  return COUNTRIES[country].dialCode + number;
}
