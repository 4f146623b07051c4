/**
 * Which operator opened a range of numbers, by the first digits of the national number. Numbers are ported, so this is a hint
 * and never a reason to refuse. Source: the carrier data of libphonenumber, read 2026-11. A country or a range that is not
 * here has no known operator: better none than a wrong one.
 */
export const OPERATOR_PREFIXES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  // Operators by the names that the methods use. 074 is Safaricom's but for 0744 and 0747; 0757–0759 lie inside Airtel's 075.
  KE: {
    Safaricom: [
      ...['70', '71', '72', '79', '11', '14'],
      ...['740', '741', '742', '743', '745', '746', '748', '749'],
      ...['757', '758', '759', '768', '769'],
    ],
    Airtel: ['10', '73', '78', '750', '751', '752', '753', '754', '755', '756', '761', '762'],
    Telkom: ['77', '120'],
    Equitel: ['763', '764', '765', '766', '124'],
  },
  // Wave, Wizall and other wallets have no numbers of their own: they reach those of every operator.
  // E-Money is Expresso's.
  SN: { Orange: ['77', '78'], 'Free Money': ['76'], 'E-Money': ['70'], Promobile: ['75'] },
  CI: { Moov: ['01'], MTN: ['05'], Orange: ['07'] },
  // Sotelma's brand Malitel is Moov now.
  ML: {
    Orange: ['7', '82', '83', '84', '90', '91', '92', '93', '94'],
    Moov: ['6', '89', '95', '96', '97', '98', '99'],
  },
  // Onatel's brand Telmob is Moov now.
  BF: {
    Moov: ['01', '02', '03', '50', '51', '52', '53', '60', '61', '62', '63', '70', '71', '72', '73'],
    Orange: ['05', '06', '07', '54', '55', '56', '57', '64', '65', '66', '67', '74', '75', '76', '77'],
    Telecel: ['58', '68', '69', '78', '79'],
  },
  CM: {
    MTN: ['67', '650', '651', '652', '653', '654', '680', '681', '682', '683'],
    Orange: ['69', '655', '656', '657', '658', '659', '686', '687'],
    Nexttel: ['66', '684', '685', '688', '689'],
    Camtel: ['62'],
  },
};

/** Whether an operator has numbers of its own there, as far as we know: a wallet without any reaches those of all. */
export function hasNumbers(country: string, operator: string): boolean {
  return Object.hasOwn(OPERATOR_PREFIXES[country] ?? {}, operator);
}

/** The operator whose range the number lies in, or undefined where no table knows. */
export function findOperator(country: string, nationalDigits: string): string | undefined {
  const operators = Object.entries(OPERATOR_PREFIXES[country] ?? {});
  return operators.find(([, prefixes]) => prefixes.some((prefix) => nationalDigits.startsWith(prefix)))?.[0];
}
