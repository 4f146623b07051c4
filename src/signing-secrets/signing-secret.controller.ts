import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller, RequireScope, type MerchantCaller } from '../api-keys/caller.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { RotateSigningSecretRequest, SigningSecretResponse } from './signing-secret.dto.js';
import { SigningSecretsService } from './signing-secrets.service.js';

/** The merchant's own secret, which signs for his payment links. */
@ApiTags('Payment links')
@Controller('v1/signing-secret')
export class SigningSecretController {
  constructor(private readonly secrets: SigningSecretsService) {}

  @Get()
  @RequireScope('links:write', 'webhooks:write')
  @ApiOperation({
    operationId: 'getSigningSecret',
    summary: 'Your signing secret',
    description:
      'With it you check that a notice to a `callbackUrl`, or a customer who comes back to your shop, was really sent by this gateway. One for each mode. Scope `links:write` or `webhooks:write`.',
  })
  @ApiOkResponse({ type: SigningSecretResponse })
  @ApiProblems()
  async get(@CurrentCaller() caller: MerchantCaller): Promise<SigningSecretResponse> {
    return SigningSecretResponse.from(await this.secrets.get(caller));
  }

  @Post('rotate')
  @HttpCode(200)
  @RequireScope('links:write', 'webhooks:write')
  @ApiOperation({
    operationId: 'rotateSigningSecret',
    summary: 'Rotate your signing secret',
    description:
      'For `overlapHours` notices are signed with both. The way back to your shop has one signature, made with the new secret from now on: accept either until the overlap is over. Scope `links:write` or `webhooks:write`.',
  })
  @ApiOkResponse({ type: SigningSecretResponse })
  @ApiProblems('invalid_request', 'unknown_field')
  async rotate(
    @CurrentCaller() caller: MerchantCaller,
    @Body() { overlapHours }: RotateSigningSecretRequest,
  ): Promise<SigningSecretResponse> {
    return SigningSecretResponse.from(await this.secrets.rotate(caller, overlapHours));
  }
}
