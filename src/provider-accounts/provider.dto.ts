import { ApiProperty } from '@nestjs/swagger';
import { describeForm, type AccountForm, type MethodFacts, type ProviderDefinition } from '#libs/provider-kit';
import { PageResponse } from '../http/pages.js';

const FORM = {
  type: 'object',
  additionalProperties: true,
  example: { type: 'object', properties: {}, required: [] },
} as const;

export class ProviderMethodResponse {
  @ApiProperty({ example: 'mpesa_ke' })
  code!: string;
  @ApiProperty({ enum: ['collection', 'payout'] })
  kind!: 'collection' | 'payout';
  @ApiProperty({ description: 'ISO 3166-1 alpha-2.', example: 'KE' })
  country!: string;
  @ApiProperty({ description: 'ISO 4217.', example: 'KES' })
  currency!: string;
  @ApiProperty({ example: 'Safaricom' })
  operator!: string;

  static from({ code, kind, country, currency, operator }: MethodFacts): ProviderMethodResponse {
    return { code, kind, country, currency, operator };
  }
}

export class ProviderResponse {
  @ApiProperty({ example: 'mpesa' })
  id!: string;
  @ApiProperty({ enum: ['provider'] })
  object!: 'provider';
  @ApiProperty({ example: 'Safaricom M-Pesa' })
  name!: string;
  @ApiProperty({ type: [ProviderMethodResponse] })
  methods!: ProviderMethodResponse[];
  @ApiProperty({ ...FORM, description: 'JSON Schema 2020-12 of `credentials`. Secrets are `writeOnly`.' })
  credentials!: AccountForm;
  @ApiProperty({ ...FORM, description: 'JSON Schema 2020-12 of `settings`.' })
  settings!: AccountForm;

  static from(definition: ProviderDefinition): ProviderResponse {
    return {
      id: definition.id,
      object: 'provider',
      name: definition.name,
      methods: definition.methods.map((method) => ProviderMethodResponse.from(method)),
      credentials: describeForm(definition.credentials),
      settings: describeForm(definition.settings),
    };
  }
}

export class ProviderList extends PageResponse {
  @ApiProperty({ type: [ProviderResponse] })
  data!: ProviderResponse[];
}
