import { applyDecorators } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader } from '@nestjs/swagger';
import { LONGEST_WAIT_S } from '../http/prefer.js';
import { TransactionResponse } from './transaction.response.js';

/** Documents the headers and the answer of a POST that makes a transaction. */
export function ApiCreatesTransaction(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: true,
      description: '1 to 255 printable ASCII characters of your own.',
    }),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        `\`wait=N\`, 0 to ${String(LONGEST_WAIT_S)} whole seconds: answer when the transaction is final or has a \`nextAction\` for ` +
        'you (`redirect`, `enter_otp`), or after N seconds with its state of that moment. Approving on the phone is waited for. Without it the answer comes at once.',
      example: 'wait=10',
    }),
    ApiCreatedResponse({
      type: TransactionResponse,
      headers: {
        Location: { description: 'Where to read it.', schema: { type: 'string' } },
        'Idempotent-Replayed': {
          description: '`true` where this is the answer of an earlier equal request.',
          schema: { type: 'string' },
        },
        'Preference-Applied': {
          description:
            '`wait=N` where we waited as asked. Missing where too many wait already: then read it again later.',
          schema: { type: 'string' },
        },
      },
    }),
  );
}
