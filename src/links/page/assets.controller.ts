import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { notFound } from '../../http/problem.js';
import { isCurrent, toStyleSheet } from './assets.js';
import { SCRIPT } from './script.js';

/** What the page looks like and does, as files that browsers keep. */
@ApiExcludeController()
@Controller('l/-')
export class AssetsController {
  @Get(':file')
  sendScript(@Param('file') file: string, @Res() reply: FastifyReply): void {
    if (!file.endsWith('.js')) throw notFound();
    send(reply, { type: 'text/javascript', file, text: SCRIPT });
  }

  @Get(':colour/:file')
  sendStyle(@Param('colour') colour: string, @Param('file') file: string, @Res() reply: FastifyReply): void {
    const text = file.endsWith('.css') ? toStyleSheet(colour) : undefined;
    if (text === undefined) throw notFound();
    send(reply, { type: 'text/css', file, text });
  }
}

// While a new release replaces an old one, a page of one may ask the other for its file: better ours than none, for now.
function send(reply: FastifyReply, { type, file, text }: Record<'type' | 'file' | 'text', string>): void {
  const keep = isCurrent(file) ? 'public, max-age=31536000, immutable' : 'no-store';
  void reply.header('cache-control', keep).type(`${type}; charset=utf-8`).send(text);
}
