import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CustomerReturns } from './customer-returns.js';

/** Customers only: a provider's page sends them here, and they go on to the merchant's. */
@ApiExcludeController()
@Controller('return')
export class CustomerReturnsController {
  constructor(private readonly returns: CustomerReturns) {}

  @Get(':token')
  async follow(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const page = await this.returns.follow(token);
    void reply.status(303).header('cache-control', 'no-store').header('location', page).send();
  }
}
