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
};

/** The operator whose range the number lies in, or undefined where no table knows. */
export function findOperator(country: string, nationalDigits: string): string | undefined {
  const operators = Object.entries(OPERATOR_PREFIXES[country] ?? {});
  return operators.find(([, prefixes]) => prefixes.some((prefix) => nationalDigits.startsWith(prefix)))?.[0];
}
