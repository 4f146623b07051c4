import { describeForm, findSecretFields } from '#libs/provider-kit';
import { Credentials, Settings } from './config.js';

const credentials = { consumerKey: 'key', consumerSecret: 'secret', passkey: 'passkey' };
const paybill = { type: 'paybill', shortcode: '174379' };
const till = { type: 'till', shortcode: '174379', tillNumber: '5512345' };

// A self-signed certificate that expired in 2016, as the published ones did.
const EXPIRED_PEM = `-----BEGIN CERTIFICATE-----
MIIBpzCCARACAQEwDQYJKoZIhvcNAQELBQAwHDEaMBgGA1UEAwwRaW5pdGlhdG9y
LmV4YW1wbGUwHhcNMTUwMTAxMDAwMDAwWhcNMTYxMTAxMDAwMDAwWjAcMRowGAYD
VQQDDBFpbml0aWF0b3IuZXhhbXBsZTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC
gYEAye1inQKdgVV6L6H76/29a6l361YTyiBo+5qZprjqQWmji2mbMxr9M49obCkF
rMYfEHqKPO1vohTkzMVenvh5IPffqhCzW13BaF3eyBfaolUKchb9n48LE9GBZ66k
xAm6OlnMeQDbMOfhMRksVifxNhv3qX/wHtgzXiEuLFAIO+sCAwEAATANBgkqhkiG
9w0BAQsFAAOBgQCck6rZBHlkW2a3vWqCNx7ng/XOJQfRURgoTuMhqMgeovDOqUB4
hIxHCWwcBhW4s4aQzQja5Mi9CyxIy/gs52s3HSsvg9ydcMoqPweiRXW3jfxifxX5
DdTvgmV5Ar3s9G9pBU9J9j18b/wlKZRzzZDgW3rP8VB6aEcAt2MnB3rDlA==
-----END CERTIFICATE-----
`;

describe('credentials', () => {
  it.each([
    ['for collections', credentials],
    ['for payouts too', { ...credentials, initiatorName: 'testapi', initiatorPassword: 'pw' }],
    ['with blanks around, from copying', { ...credentials, passkey: ' passkey\n' }],
  ])('%s', (_, given) => expect(Credentials.safeParse(given).data).toMatchObject(credentials));

  it.each([
    ['no consumer key', { consumerSecret: 'secret', passkey: 'passkey' }, 'consumerKey'],
    ['an empty passkey', { ...credentials, passkey: '  ' }, 'passkey'],
    ['an initiator without a password', { ...credentials, initiatorName: 'testapi' }, 'initiatorPassword'],
    ['a password without an initiator', { ...credentials, initiatorPassword: 'pw' }, 'initiatorPassword'],
    ['an unknown key', { ...credentials, apiKey: 'x' }, 'apiKey'],
  ])('refuse %s and name it', (_, given, name) => {
    expect(Credentials.safeParse(given).success).toBe(false);
    expect(JSON.stringify(Credentials.safeParse(given).error?.issues)).toContain(name);
  });
});

describe('settings', () => {
  it.each([
    ['a paybill', paybill],
    ['a till', till],
    ['a store number of seven digits', { ...till, shortcode: '7654321' }],
    ['a base URL', { ...paybill, baseUrl: 'http://127.0.0.1:4010' }],
    ['a payout shortcode', { ...paybill, payoutShortcode: '600000' }],
    ['an expired certificate', { ...paybill, certificate: EXPIRED_PEM }],
  ])('%s', (_, given) => expect(Settings.safeParse(given).data).toEqual(given));

  it.each([
    ['no type', { shortcode: '174379' }, 'type'],
    ['another type', { ...paybill, type: 'pochi' }, 'type'],
    ['a till without its number', { type: 'till', shortcode: '174379' }, 'tillNumber'],
    ['a paybill with a till number', { ...paybill, tillNumber: '5512345' }, 'tillNumber'],
    ['a shortcode that is a number', { ...paybill, shortcode: 174379 }, 'shortcode'],
    ['a shortcode with letters', { ...paybill, shortcode: '17437a' }, 'shortcode'],
    ['a short shortcode', { ...paybill, shortcode: '1743' }, 'shortcode'],
    ['a file as base URL', { ...paybill, baseUrl: 'file:///etc/passwd' }, 'baseUrl'],
    ['a certificate that is none', { ...paybill, certificate: '-----BEGIN CERTIFICATE-----' }, 'certificate'],
    ['an unknown key', { ...paybill, shortCode: '174379' }, 'shortCode'],
  ])('refuse %s and name it', (_, given, name) => {
    expect(Settings.safeParse(given).success).toBe(false);
    expect(JSON.stringify(Settings.safeParse(given).error?.issues)).toContain(name);
  });
});

describe('the forms', () => {
  it('hide what is secret, and only that', () => {
    expect(findSecretFields(Credentials)).toEqual(['consumerKey', 'consumerSecret', 'passkey', 'initiatorPassword']);
    expect(findSecretFields(Settings)).toEqual([]);
  });

  it('ask for no more than collections need', () => {
    expect(describeForm(Credentials).required).toEqual(['consumerKey', 'consumerSecret', 'passkey']);
    expect(describeForm(Settings).required).toEqual(['shortcode', 'type']);
  });

  it.each([
    ...Object.entries(describeForm(Credentials).properties),
    ...Object.entries(describeForm(Settings).properties),
  ])('tell people what %s is', (_, field) =>
    expect(field).toMatchObject({ title: expect.any(String), description: expect.any(String) }),
  );
});
