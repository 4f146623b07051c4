import { z } from 'zod';

/** Money in hundredths of a shilling, as text: JSON has no exact integers of our size. */
const Cents = z
  .string()
  .regex(/^-?\d+$/)
  .transform((digits) => BigInt(digits));
const Stage = z.enum(['paid', 'afterPin', 'declined', 'silence', 'noPrompt']);

const PushSchema = z.object({
  checkoutRequestId: z.string(),
  merchantRequestId: z.string(),
  shortcode: z.string(),
  /** Where the money goes: the paybill, or the till of the store. */
  partyB: z.string(),
  transactionType: z.string(),
  /** The consumer key of the app that pushed. */
  app: z.string(),
  amount: Cents,
  msisdn: z.string(),
  callbackUrl: z.string(),
  reference: z.string(),
  description: z.string(),
  acceptedAt: z.number(),
  /** When the prompt reaches the phone; null where it never will. */
  showAt: z.number().nullable(),
  /** When a phone that nobody touches answers by its rule; null where it stays silent. */
  answerAt: z.number().nullable(),
  endsAt: z.number(),
  rule: z.object({ code: z.string(), stage: Stage }),
  /** Whether a magic number chose the rule: such prompts never block a line. */
  magic: z.boolean(),
});

const TransferSchema = z.object({
  id: z.string(),
  /** As the merchant sees it. */
  direction: z.enum(['in', 'out']),
  /** Books of earlier versions hold collections only. */
  kind: z.enum(['collection', 'payout', 'reversal']).default('collection'),
  party: z.string(),
  shortcode: z.string(),
  account: z.string(),
  amount: Cents,
  reference: z.string(),
  status: z.enum(['completed', 'reversed']),
  at: z.number(),
  receipt: z.string(),
  /** Of the push that brought it; null for money that went out. */
  checkoutRequestId: z.string().nullable(),
  /** Of the payout or reversal that sent it; null for money that came in. */
  conversationId: z.string().nullable().default(null),
  /** The receipt that a reversal undid. */
  reverses: z.string().nullable().default(null),
  callbackUrl: z.string(),
});

/** What an asynchronous API was asked to do. */
const TaskSchema = z.discriminatedUnion('api', [
  z.object({
    api: z.literal('b2c'),
    amount: Cents,
    msisdn: z.string(),
    commandId: z.string(),
    /** The ResultCode that a magic number or a fault chose; 0 leaves it to the network's rules. */
    rule: z.string(),
  }),
  z.object({
    api: z.literal('status'),
    transactionId: z.string().nullable(),
    originalConversationId: z.string().nullable(),
  }),
  z.object({ api: z.literal('reversal'), transactionId: z.string(), amount: Cents }),
  z.object({ api: z.literal('balance') }),
]);

/** A payout, a reversal or a question: taken at once, answered later by a Result (§8). */
const OrderSchema = z.object({
  conversationId: z.string(),
  /** The caller's own in B2C v3, the gateway's everywhere else. */
  originatorConversationId: z.string(),
  app: z.string(),
  shortcode: z.string(),
  task: TaskSchema,
  remarks: z.string(),
  occasion: z.string().nullable(),
  resultUrl: z.string(),
  timeoutUrl: z.string(),
  acceptedAt: z.number(),
  endsAt: z.number(),
  /** The ResultCode it ends with because of who asked; null where there is nothing against that. */
  refusal: z.string().nullable(),
  /** Carried out; expired in the queue, never carried out; or carried out although a notice says that it expired. */
  queue: z.enum(['passed', 'expired', 'passedWithNotice']),
});

/** One item of ResultParameters: its key, and its value as JSON text; null comes without a Value. */
const Parameter = z.tuple([z.string(), z.string().nullable()]);

const Standing = z.object({ unfinished: z.number(), wrongPins: z.number(), blockedUntil: z.number().nullable() });

/** Everything that can happen to the book. One line of the file each; what happened together is one line. */
export const EntrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('token'),
    token: z.string(),
    app: z.string(),
    expiresAt: z.number(),
    endsOthers: z.boolean(),
  }),
  z.object({ kind: z.literal('tokensEnded') }),
  z.object({ kind: z.literal('phone'), msisdn: z.string(), balance: Cents }),
  z.object({ kind: z.literal('adjusted'), msisdn: z.string(), balance: Cents, standing: Standing }),
  z.object({ kind: z.literal('push'), push: PushSchema }),
  z.object({ kind: z.literal('shown'), id: z.string(), at: z.number() }),
  z.object({
    kind: z.literal('answered'),
    id: z.string(),
    at: z.number(),
    action: z.string(),
    by: z.enum(['person', 'rule']),
    endsAt: z.number(),
  }),
  z.object({
    kind: z.literal('ended'),
    id: z.string(),
    at: z.number(),
    code: z.string(),
    transfer: TransferSchema.nullable(),
    standing: Standing,
  }),
  // A customer paid a paybill or till from the phone's own menu.
  z.object({ kind: z.literal('paid'), transfer: TransferSchema }),
  // The float that a merchant starts with.
  z.object({ kind: z.literal('opened'), shortcode: z.string(), balance: Cents }),
  z.object({ kind: z.literal('accountSet'), shortcode: z.string(), account: z.string(), balance: Cents }),
  z.object({ kind: z.literal('initiator'), shortcode: z.string(), wrongTries: z.number() }),
  z.object({ kind: z.literal('order'), order: OrderSchema }),
  z.object({
    kind: z.literal('orderEnded'),
    id: z.string(),
    at: z.number(),
    code: z.string(),
    transactionId: z.string(),
    parameters: z.array(Parameter),
    transfer: TransferSchema.nullable(),
  }),
  z.object({
    kind: z.literal('callback'),
    id: z.number(),
    checkoutRequestId: z.string().nullable(),
    conversationId: z.string().nullable().default(null),
    /** A Result, or a notice that an order expired in the queue; null for callbacks of pushes. */
    about: z.enum(['result', 'notice']).nullable().default(null),
    url: z.string(),
    body: z.string(),
    at: z.number(),
    dropped: z.boolean(),
  }),
  z.object({
    kind: z.literal('callbackEnded'),
    id: z.number(),
    at: z.number(),
    status: z.number().nullable(),
    error: z.string().nullable(),
  }),
  z.object({ kind: z.literal('reset') }),
]);

export type Entry = z.infer<typeof EntrySchema>;
export type Push = z.infer<typeof PushSchema>;
export type Transfer = z.infer<typeof TransferSchema>;
export type OrderRequest = z.infer<typeof OrderSchema>;
export type Task = z.infer<typeof TaskSchema>;
export type ResultParameter = z.infer<typeof Parameter>;
export type PhoneStanding = z.infer<typeof Standing>;
