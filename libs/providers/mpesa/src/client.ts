import {
  withToken,
  type Account,
  type HttpExchange,
  type ProviderDeps,
  type ProviderExchange,
  type TokenAnswer,
} from '#libs/provider-kit';
import type { Credentials, Settings } from './config.js';
import { isProductRefusal, isTokenRefusal, toTokenAnswer } from './mapping.js';
import type { BalanceQueryBody, PayoutBody, PushBody, QueryBody, ReversalBody, StatusQueryBody } from './wire.js';

/** The calls of Daraja, for one account. */
export interface DarajaClient {
  /** Sends the push, on a connection of its own, unless `sendBefore` (epoch ms) has come. */
  push(body: PushBody, sendBefore: number): Promise<ProviderExchange>;
  query(body: QueryBody): Promise<ProviderExchange>;
  /** Sends a payout, as `push` does. */
  payOut(body: PayoutBody, sendBefore: number): Promise<ProviderExchange>;
  /** Sends a reversal, as `push` does. */
  reverse(body: ReversalBody, sendBefore: number): Promise<ProviderExchange>;
  queryStatus(body: StatusQueryBody): Promise<ProviderExchange>;
  queryBalance(body: BalanceQueryBody): Promise<ProviderExchange>;
  /** Trades the credentials for a token now, whatever token is still good, and leaves it for everyone to use. */
  renewToken(): Promise<TokenAnswer>;
}

export function createDarajaClient(account: Account<Credentials, Settings>, deps: ProviderDeps): DarajaClient {
  const { http, tokens } = deps;
  const { id: accountId, baseUrl, credentials } = account;

  async function requestToken(): Promise<TokenAnswer> {
    const basic = Buffer.from(`${credentials.consumerKey}:${credentials.consumerSecret}`).toString('base64');
    return toTokenAnswer(
      await http.send({
        method: 'GET',
        url: `${baseUrl}/oauth/v1/generate?grant_type=client_credentials`,
        headers: { authorization: `Basic ${basic}` },
      }),
    );
  }

  function post(path: string, json: unknown, how: { freshConnection?: boolean; sendBefore?: number } = {}) {
    let tries = 0;
    const send = (token: string): Promise<HttpExchange> => {
      tries++;
      return http.send({
        method: 'POST',
        url: baseUrl + path,
        headers: { authorization: `Bearer ${token}` },
        json,
        ...how,
      });
    };
    return withToken(
      {
        tokens,
        accountId,
        refresh: requestToken,
        // A new token without the product too: it is the app that lacks it, and that is an answer.
        isTokenRefusal: (answer) => isTokenRefusal(answer) && !(tries > 1 && isProductRefusal(answer)),
      },
      send,
    );
  }

  return {
    push: (body, sendBefore) => post('/mpesa/stkpush/v1/processrequest', body, { freshConnection: true, sendBefore }),
    query: (body) => post('/mpesa/stkpushquery/v1/query', body),
    payOut: (body, sendBefore) => post('/mpesa/b2c/v3/paymentrequest', body, { freshConnection: true, sendBefore }),
    reverse: (body, sendBefore) => post('/mpesa/reversal/v1/request', body, { freshConnection: true, sendBefore }),
    queryStatus: (body) => post('/mpesa/transactionstatus/v1/query', body),
    queryBalance: (body) => post('/mpesa/accountbalance/v1/query', body),
    async renewToken() {
      const answers: TokenAnswer[] = [];
      const renew = async () => {
        const answer = await requestToken();
        answers.push(answer);
        return answer;
      };
      let current = await tokens.get(accountId, renew);
      if (answers.length === 0 && current.kind === 'token') {
        // Dropped first: a new token may kill the one before, so a token beside the cache would spoil the cached one.
        await tokens.drop(accountId, current.token);
        current = await tokens.get(accountId, renew);
      }
      // The cache may cover a failed renewal with an older token; what was learned here is how the renewal went.
      return answers[0] ?? current;
    },
  };
}
