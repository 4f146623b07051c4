import { timingSafeEqual } from 'node:crypto';
import { json, type Answer, type Request } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import type { App, Product } from './merchants.js';
import type { World } from './world.js';

/** `GET /oauth/v1/generate` (§2): a pair of keys for a token. */
export function generateToken(world: World, request: Request): Answer {
  const { faults, ids, settings, book, time } = world;
  if (request.method !== 'GET')
    return refusal(404, '404.001.04', 'Invalid Authentication Header', ids.merchantRequestId());
  // The value must match to the letter: a trailing space in the URL is a reported cause of this error.
  if (request.query.get('grant_type') !== 'client_credentials') {
    return refusal(400, '400.008.02', 'Invalid grant type passed', ids.merchantRequestId());
  }
  const pair = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(request.headers.authorization ?? '')?.[1];
  if (pair === undefined) return invalidAuthentication(world);
  if (faults.strikes('oauthEmpty400')) return EMPTY_400;
  const app = findApp(world, Buffer.from(pair, 'base64').toString('utf8'));
  if (!app) return faults.get('wrongCredentialsAnswer') === 'empty' ? EMPTY_400 : invalidAuthentication(world);

  const lifeSeconds = settings.get('tokenLifeSeconds');
  const token = ids.accessToken();
  const expiresAt = time.now() + lifeSeconds * 1000;
  book.record({ kind: 'token', token, app: app.consumerKey, expiresAt, endsOthers: faults.get('strictSingleToken') });
  const expiresIn = lifeSeconds - 1;
  return json(200, {
    access_token: token,
    expires_in: faults.get('expiresInType') === 'string' ? String(expiresIn) : expiresIn,
  });
}

const EMPTY_400: Answer = { status: 400, headers: { 'Content-Type': 'text/plain', 'Content-Length': '0' }, body: '' };

function invalidAuthentication({ ids }: World): Answer {
  return refusal(400, '400.008.01', 'Invalid Authentication passed', ids.merchantRequestId());
}

function findApp({ directory }: World, pair: string): App | undefined {
  return directory.apps.find((app) => isSame(`${app.consumerKey}:${app.consumerSecret}`, pair));
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The app a call is made for, or the refusal it gets. */
export function authorize(world: World, request: Request, product: Product): App | Answer {
  const { faults, ids, book, directory, time } = world;
  const header = request.headers.authorization;
  if (header === undefined) return refusal(404, '404.001.04', 'Invalid Authentication Header', ids.merchantRequestId());
  const given = /^Bearer (\S+)$/.exec(header)?.[1] ?? '';
  const token = book.tokens.get(given);
  const app = directory.apps.find(({ consumerKey }) => consumerKey === token?.app);
  if (!token || !app || token.expiresAt <= time.now() || faults.strikes('tokenRejected'))
    return rejectToken(world, given);
  return app.products.includes(product) ? app : noApiProduct(world);
}

/** A bad token has at least five spellings (§1.2). */
function rejectToken(world: World, given: string): Answer {
  const id = world.ids.merchantRequestId();
  switch (world.faults.get('tokenRejection')) {
    case '404.001.03':
      return refusal(404, '404.001.03', 'Invalid Access Token', id);
    case '400.003.01':
      return refusal(400, '400.003.01', 'Invalid Access Token', id);
    case '401.002.01': // Safaricom really echoes the token.
      return refusal(401, '401.002.01', `Error Occurred - Invalid Access Token - ${given}`, id);
    case '401.001':
      return refusal(401, '401.001', 'Invalid Access Token', id);
    case '401.003.01':
      return refusal(401, '401.003.01', 'Invalid Access Token', id);
    case 'plain401':
      return { status: 401, headers: { 'Content-Type': 'text/plain' }, body: '' };
    case 'noApiProduct':
      return noApiProduct(world);
  }
}

function noApiProduct({ ids }: World): Answer {
  const errorMessage = 'Invalid Access Token - Invalid API call as no apiproduct match found';
  return json(401, { requestId: ids.merchantRequestId(), errorMessage });
}
