import { AccountWebhooks } from '../provider-accounts/account-webhooks.js';
import { ProviderAccountsService } from '../provider-accounts/provider-accounts.service.js';
import type { FindService } from './demo-merchant.js';
import { SIMULATORS } from './simulators.js';

const LIMIT_MS = 5_000;

/**
 * Tells a simulator where to send the webhooks of the seeded account, as a person would enter it in the dashboard of the
 * real one. One whose provider has no such thing, or that points elsewhere by now, is left alone.
 */
export async function enterWebhook(find: FindService, provider: string, accountId: string): Promise<void> {
  const plan = SIMULATORS.find((candidate) => candidate.provider === provider);
  if (plan?.webhooksPath === undefined) return;
  const account = await find(ProviderAccountsService).get(accountId);
  const { baseUrl } = account.settings;
  const url = (await find(AccountWebhooks).findUrls([account])).get(accountId);
  if (url === undefined || typeof baseUrl !== 'string' || !baseUrl.startsWith('http://127.0.0.1:')) return;
  const answer = await fetch(`${baseUrl}${plan.webhooksPath}`, {
    method: 'PUT',
    body: JSON.stringify([{ url, secret: plan.account.credentials['webhookSecret'] }]),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (!answer.ok) throw new Error(`The ${provider} simulator refused the webhook: ${await answer.text()}`);
}
