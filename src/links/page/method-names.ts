/** What people call a way of paying, by the code without its country. */
const NAMES: Readonly<Record<string, string>> = {
  airtel: 'Airtel Money',
  bank_transfer: 'Bank transfer',
  card: 'Card',
  celtiis: 'Celtiis Cash',
  crypto: 'Crypto',
  e_money: 'E-Money',
  eu_mobile: 'EU Mobile Money',
  freemoney: 'Free Money',
  halopesa: 'HaloPesa',
  mobi_cash: 'Mobi Cash',
  moov: 'Moov Money',
  mpesa: 'M-Pesa',
  mtn: 'MTN MoMo',
  orange: 'Orange Money',
  qr: 'QR code',
  tigo: 'Tigo Money',
  togocel: 'Togocel',
  tnm: 'TNM Mpamba',
  vodacom: 'Vodacom M-Pesa',
  vodafone: 'Vodafone Cash',
  ussd: 'USSD',
  wave: 'Wave',
  wizall: 'Wizall Money',
  zamtel: 'Zamtel Money',
};

/** The brand of a method, for its name and colour: `mtn` of `mtn_bj`. */
export function toBrand(code: string): string {
  return code.replace(/_[a-z]{2}$|_[a-z]{3}$/, '');
}

/** `M-Pesa` of `mpesa_ke`; the operator's name where we know no better. */
export function toMethodName(code: string, operator: string): string {
  return NAMES[toBrand(code)] ?? operator;
}
