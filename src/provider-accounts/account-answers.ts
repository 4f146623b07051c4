import { Injectable } from '@nestjs/common';
import type { Page } from '../http/pages.js';
import { AccountCredentials } from './account-credentials.js';
import { AccountWebhooks } from './account-webhooks.js';
import { ProviderAccountResponse } from './provider-account.dto.js';
import type { ProviderAccount } from './provider-account.entity.js';

/** Accounts as merchants see them: which credentials are there, never what they are, and the URL to enter at the provider. */
@Injectable()
export class AccountAnswers {
  constructor(
    private readonly credentials: AccountCredentials,
    private readonly webhooks: AccountWebhooks,
  ) {}

  async toBody(account: ProviderAccount): Promise<ProviderAccountResponse> {
    return this.toOne(account, await this.webhooks.findUrls([account]));
  }

  async toPage(page: Page<ProviderAccount>): Promise<Page<ProviderAccountResponse>> {
    const urls = await this.webhooks.findUrls(page.data);
    return { ...page, data: page.data.map((account) => this.toOne(account, urls)) };
  }

  private toOne(account: ProviderAccount, urls: ReadonlyMap<string, string>): ProviderAccountResponse {
    const credentialsSet = this.credentials.namesOf(account);
    return ProviderAccountResponse.from(account, { credentialsSet, webhookUrl: urls.get(account.id) ?? null });
  }
}
