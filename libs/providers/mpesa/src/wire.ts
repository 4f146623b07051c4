import { z } from 'zod';

// Daraja sends the same field as a number here and as a string there, so every code and number is read as text (§1).
const text = z.union([z.string(), z.number()]).transform((value) => String(value).trim());
// Codes seen are numbers or short words (`SFC_IC0003`); ids are opaque, but nothing we keep may be of any length.
const code = text.pipe(z.string().regex(/^[\w.-]{1,40}$/));
const id = z.string().min(1).max(200);
// What we could do without must not cost us the rest of an answer that is about money.
const extra = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);

/** `GET /oauth/v1/generate`. `expires_in` is a string in real bodies and a number on Safaricom's page (§2). */
export const TokenBody = z.object({
  access_token: z.string().min(1),
  expires_in: text.transform(Number).pipe(z.number().positive()),
});

/** What every signed STK request begins with. */
export interface MerchantFields {
  readonly BusinessShortCode: string;
  readonly Password: string;
  readonly Timestamp: string;
}

/** `POST /mpesa/stkpush/v1/processrequest` (§3.1). */
export interface PushBody extends MerchantFields {
  readonly TransactionType: 'CustomerPayBillOnline' | 'CustomerBuyGoodsOnline';
  readonly Amount: string;
  readonly PartyA: string;
  readonly PartyB: string;
  readonly PhoneNumber: string;
  readonly CallBackURL: string;
  readonly AccountReference: string;
  readonly TransactionDesc: string;
}

/** `POST /mpesa/stkpushquery/v1/query` (§5). */
export interface QueryBody extends MerchantFields {
  readonly CheckoutRequestID: string;
}

/** The answer to a push (§3.2). */
export const PushAnswer = z.object({
  ResponseCode: text,
  ResponseDescription: extra(z.string()),
  CheckoutRequestID: id.optional(),
  MerchantRequestID: extra(id),
});

/** The answer to a query once M-Pesa has one; also its `4999` (§5). */
export const QueryAnswer = z.object({
  ResponseCode: text.optional(),
  CheckoutRequestID: z.string().nullish(),
  ResultCode: code,
  ResultDesc: extra(z.string()),
});

/** The three shapes in which Daraja refuses at once: its own envelope, a bare description, and a gateway fault (§1.2). */
const ErrorEnvelope = z
  .object({ errorCode: extra(code), errorMessage: z.string().nullish() })
  .refine(({ errorCode, errorMessage }) => (errorCode ?? errorMessage ?? '') !== '');
const DescriptionOnly = z.object({ ResponseDescription: z.string(), ResponseCode: extra(text) });
const GatewayFault = z.object({
  fault: z.object({
    faultstring: z.string(),
    detail: extra(z.object({ errorcode: extra(text) })),
  }),
});

/** A refusal in one shape. */
export interface WireError {
  readonly code?: string;
  readonly message: string;
}

/** Reads a refusal in whichever of its shapes it came, or undefined where the body is none. */
export function findWireError(body: unknown): WireError | undefined {
  const envelope = ErrorEnvelope.safeParse(body).data;
  if (envelope) return { code: envelope.errorCode, message: envelope.errorMessage?.trim() ?? '' };
  const fault = GatewayFault.safeParse(body).data;
  if (fault) return { code: fault.fault.detail?.errorcode, message: fault.fault.faultstring };
  const description = DescriptionOnly.safeParse(body).data;
  if (description) return { code: description.ResponseCode, message: description.ResponseDescription };
  return undefined;
}

const CallbackItem = z.object({ Name: z.string(), Value: z.unknown().optional() });
export type CallbackItem = z.infer<typeof CallbackItem>;
const CallbackItems = z.union([z.array(CallbackItem), CallbackItem.transform((item) => [item])]);

/** What M-Pesa posts to the CallBackURL (§4): every item is optional, and `Balance` comes without its `Value`. */
export const StkCallback = z.object({
  Body: z.object({
    stkCallback: z.object({
      CheckoutRequestID: id,
      MerchantRequestID: extra(id),
      ResultCode: code,
      ResultDesc: extra(z.string()),
      CallbackMetadata: z.object({ Item: CallbackItems.optional() }).nullish(),
    }),
  }),
});

/** What every order begins with; B2C spells the operator `InitiatorName`, the others `Initiator` (§9–§12). */
interface OrderFields {
  readonly SecurityCredential: string;
  readonly Remarks: string;
  readonly QueueTimeOutURL: string;
  readonly ResultURL: string;
}

/** `POST /mpesa/b2c/v3/paymentrequest` (§9), with `Occassion` spelled as v3 does. */
export interface PayoutBody extends OrderFields {
  readonly OriginatorConversationID: string;
  readonly InitiatorName: string;
  readonly CommandID: 'BusinessPayment';
  readonly Amount: string;
  readonly PartyA: string;
  readonly PartyB: string;
  readonly Occassion?: string;
}

/** `POST /mpesa/reversal/v1/request` (§11). `RecieverIdentifierType` is misspelled on the wire. */
export interface ReversalBody extends OrderFields {
  readonly Initiator: string;
  readonly CommandID: 'TransactionReversal';
  readonly TransactionID: string;
  readonly Amount: string;
  readonly ReceiverParty: string;
  readonly RecieverIdentifierType: '11';
  readonly Occasion: string;
}

/** `POST /mpesa/transactionstatus/v1/query` (§10). */
export interface StatusQueryBody extends OrderFields {
  readonly Initiator: string;
  readonly CommandID: 'TransactionStatusQuery';
  readonly OriginalConversationID: string;
  readonly PartyA: string;
  readonly IdentifierType: '4';
}

/** `POST /mpesa/accountbalance/v1/query` (§12). */
export interface BalanceQueryBody extends OrderFields {
  readonly Initiator: string;
  readonly CommandID: 'AccountBalance';
  readonly PartyA: string;
  readonly IdentifierType: '4';
}

/** The acknowledgement of an order (§8): queued, nothing more. */
export const Acknowledgement = z.object({
  ResponseCode: text,
  ResponseDescription: extra(z.string()),
  ConversationID: id.optional(),
  OriginatorConversationID: id.optional(),
});

const Parameter = z.object({ Key: z.string(), Value: z.unknown().optional() });
export type ResultParameter = z.infer<typeof Parameter>;
// A list, or the one item alone (§8).
const Parameters = z.union([z.array(Parameter), Parameter.transform((parameter) => [parameter])]);

/** What M-Pesa posts to a ResultURL, and by all accounts to a QueueTimeOutURL (§8). */
export const ResultMessage = z.object({
  Result: z
    .object({
      ResultType: text.optional(),
      ResultCode: code,
      ResultDesc: extra(z.string()),
      OriginatorConversationID: extra(id),
      ConversationID: extra(id),
      TransactionID: extra(text),
      ResultParameters: z.object({ ResultParameter: Parameters.optional() }).nullish(),
    })
    // Without an id it could be about anything.
    .refine(({ OriginatorConversationID: ours, ConversationID: theirs }) => (ours ?? theirs) !== undefined),
});
export type Result = z.infer<typeof ResultMessage>['Result'];
