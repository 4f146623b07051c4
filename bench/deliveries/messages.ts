/** Events of the comparison come in this many types; each has an endpoint of its own that listens to it alone. */
export const TYPES = [
  ...['created', 'pending', 'unconfirmed', 'review', 'succeeded', 'failed', 'cancelled', 'expired', 'reversed'],
  'updated',
].map((word) => `collection.${word}`);

/** Which type the event of this number has. */
export function typeOf(number: number): string {
  return TYPES[number % TYPES.length] ?? '';
}

/** What a webhook carries: a collection as the API shows it, about 1 kB. `sentAt` lets the sink tell how long it took. */
export function toData(number: number, sentAt: number): object {
  const at = new Date(sentAt).toISOString();
  return {
    id: `txn_${String(number).padStart(26, '0')}`,
    object: 'transaction',
    kind: 'collection',
    status: 'succeeded',
    late: false,
    version: 4,
    mode: 'test',
    amount: '150.00',
    amountRefunded: '0.00',
    currency: 'KES',
    fee: null,
    reference: `INV-2026-${String(number).padStart(9, '0')}`,
    description: `Order ${number}: two bags of maize flour, one bottle of cooking oil`,
    purpose: null,
    method: 'mpesa_ke',
    provider: 'mpesa',
    providerReference: 'ws_CO_191220191020363925',
    receipt: 'NLJ7RT61SV',
    customer: { phone: '+254708374149', name: 'Achieng Otieno', email: 'achieng@example.com' },
    nextAction: null,
    failure: null,
    doubt: null,
    parentId: null,
    batchId: null,
    paymentLinkId: null,
    metadata: { orderId: String(number), branch: 'Kisumu, Oginga Odinga Street', sentAt: String(sentAt) },
    createdAt: at,
    updatedAt: at,
    completedAt: at,
    expiresAt: at,
  };
}
