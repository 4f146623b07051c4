import { HOSTED_PAGE, type MethodFacts, type MethodFlow } from '#libs/provider-kit';
import { LINK_BOUNDS } from './codes.js';

/** How many digits a number has inside its country. Nine are documented (§5); the others are those countries' own. */
export const NATIONAL_DIGITS: Readonly<Record<string, number>> = { SN: 9, ML: 8, CI: 10 };

type Row = readonly [
  code: string,
  stem: string,
  country: string,
  operator: string,
  flow: MethodFlow,
  kinds: 'both' | 'collect',
];

// CASHOUT collects and CASHIN pays out: the words are the customer's (§0.1). E-money of Senegal is in no published list,
// and the codes of Cameroon nobody knows (§7): neither is offered.
// prettier-ignore
const ROWS: readonly Row[] = [
  ['orange_sn',    'OM_SN',     'SN', 'Orange',     'approve_on_phone', 'both'], //    §7 docs
  ['wave_sn',      'WAVE_SN',   'SN', 'Wave',       'redirect',         'both'], //    §7 docs
  ['freemoney_sn', 'FM_SN',     'SN', 'Free Money', 'approve_on_phone', 'both'], //    §7 docs; its push is our assumption (§5)
  ['wizall_sn',    'WIZALL_SN', 'SN', 'Wizall',     'otp',              'both'], //    §7 docs
  ['orange_ml',    'OM_ML',     'ML', 'Orange',     'approve_on_phone', 'collect'], // §7 docs
  ['moov_ml',      'MOOV_ML',   'ML', 'Moov',       'approve_on_phone', 'collect'], // §7 docs
  ['orange_ci',    'OM_CI',     'CI', 'Orange',     'approve_on_phone', 'collect'], // §7 seen
  ['mtn_ci',       'MTN_CI',    'CI', 'MTN',        'approve_on_phone', 'collect'], // §7 seen
  ['moov_ci',      'MOOV_CI',   'CI', 'Moov',       'approve_on_phone', 'collect'], // §7 seen
  ['wave_ci',      'WAVE_CI',   'CI', 'Wave',       'redirect',         'collect'], // §7 seen
];

/** Every way of paying that a page names, once for each kind. */
export const METHODS: readonly MethodFacts[] = ROWS.flatMap(([code, stem, country, operator, flow, kinds]) => {
  const common = {
    code,
    country,
    currency: 'XOF',
    operator,
    decimals: 0,
    min: '200', // Direct transactions, either way (§5); a hosted link takes 100 (§3).
    max: '1000000',
    requiredFields: [],
  } as const;
  const collection: MethodFacts = { ...common, providerCode: `${stem}_CASHOUT`, kind: 'collection', flow };
  const payout: MethodFacts = { ...common, providerCode: `${stem}_CASHIN`, kind: 'payout', flow: 'direct' };
  return kinds === 'both' ? [collection, payout] : [collection];
});

/** The page of a hosted link: whoever opens it chooses the operator and types the number there (§3). */
export const HOSTED_PAGES: readonly MethodFacts[] = [
  {
    ...{ code: HOSTED_PAGE, providerCode: 'get-link', kind: 'collection', flow: 'redirect' },
    ...{ country: 'SN', currency: 'XOF', operator: 'DExchange', decimals: 0, requiredFields: [] },
    min: String(LINK_BOUNDS.least),
    max: String(LINK_BOUNDS.most),
  },
];
