import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { systemRandom } from '#libs/primitives';
import { USER_AGENT } from './message-signer.js';
import { makeSigningSecret, signMessage } from './webhook-signature.js';

describe('Webhook signatures', () => {
  it('are those of the published example', () => {
    const signature = signMessage('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    });
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('satisfy an independent verifier, whatever the text', () => {
    const secret = makeSigningSecret(systemRandom);
    const timestamp = Math.floor(Date.now() / 1_000);
    for (const body of ['{}', '{"name":"Achieng’ Ọ́lá 🎉"}', `{"long":"${'x'.repeat(70_000)}"}`]) {
      const headers = {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signMessage(secret, { id: 'evt_1', timestamp, body }),
      };
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
      expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow('No matching signature');
      expect(() => new Webhook(makeSigningSecret(systemRandom)).verify(body, headers)).toThrow('No matching signature');
    }
  });

  it('use secrets of 32 random bytes in standard base64', () => {
    const secret = makeSigningSecret((size) => Buffer.alloc(size, 0xfb));
    expect(secret).toBe(`whsec_${Buffer.alloc(32, 0xfb).toString('base64')}`);
    expect(makeSigningSecret(systemRandom)).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(makeSigningSecret(systemRandom)).not.toBe(makeSigningSecret(systemRandom));
  });

  it('come with a User-Agent that names this version', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(USER_AGENT).toBe(`Malipo/${version.split('.').slice(0, 2).join('.')}`);
  });
});
