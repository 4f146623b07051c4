import { All, Controller, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClientAddresses } from '../http/client-addresses.js';
import { Problem } from '../http/problem.js';
import { CallbackInbox } from './callback-inbox.js';

// The largest that every engine's blob column holds, with room to spare; real callbacks have one or two kilobytes.
const LARGEST_CALLBACK_BYTES = 60_000;

/** Providers only. No key, no provider's name in the path: who knows the token was told it by us. */
@ApiExcludeController()
@Controller('callbacks')
export class CallbacksController {
  constructor(
    private readonly inbox: CallbackInbox,
    private readonly addresses: ClientAddresses,
  ) {}

  @All(':token')
  async receive(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const body = toBytes(request);
    if (body.length > LARGEST_CALLBACK_BYTES)
      throw new Problem('body_too_large', 'No provider sends callbacks of this size.');
    const acknowledgement = await this.inbox.receive(token, {
      method: request.method,
      headers: toPlainHeaders(request.raw.headers),
      body,
      sourceAddress: this.addresses.of(request.raw),
    });
    void reply.status(acknowledgement.status).type(acknowledgement.contentType).send(acknowledgement.body);
  }
}

// Who calls without a body says what there is to say in the query.
function toBytes({ body, raw }: FastifyRequest): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  const [, query = ''] = /\?(.*)$/s.exec(raw.url ?? '') ?? [];
  return Buffer.from(query, 'latin1');
}

function toPlainHeaders(headers: FastifyRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
