import { jest } from '@jest/globals';
import OpenAI from 'openai';
import { validateWebhook } from 'replicate';
import { Webhook } from 'standardwebhooks';
import { WebhookReceiver, type ReceivedMessage } from '../../test/support/webhook-receiver.js';
import {
  createStagePlace,
  WebhookStage,
  type StageMerchant,
  type StagePlace,
} from '../../test/support/webhook-stage.js';

interface Verifier {
  readonly name: string;
  /** Whether it refuses messages that were signed more than five minutes ago. */
  readonly watchesTime: boolean;
  /** Answers the payload; throws where the signature is not by this secret. */
  readonly verify: (secret: string, message: ReceivedMessage) => unknown;
}

const headersOf = ({ headers }: ReceivedMessage) => headers as Record<string, string>;

/** Three implementations of the standard by three houses, none of them ours. */
const VERIFIERS: readonly Verifier[] = [
  {
    name: 'standardwebhooks',
    watchesTime: true,
    verify: (secret, message) => new Webhook(secret).verify(message.body, headersOf(message)),
  },
  {
    name: 'openai',
    watchesTime: true,
    verify: (secret, message) =>
      new OpenAI({ apiKey: 'unused' }).webhooks.unwrap(message.body, headersOf(message), secret),
  },
  {
    name: 'replicate',
    watchesTime: false,
    verify: async (secret, message) => {
      const valid = await validateWebhook({
        id: headersOf(message)['webhook-id'] ?? '',
        timestamp: headersOf(message)['webhook-timestamp'] ?? '',
        signature: headersOf(message)['webhook-signature'] ?? '',
        body: message.body,
        secret,
      });
      if (!valid) throw new Error('The signature is another.');
      return JSON.parse(message.body);
    },
  },
];

const verify = async ({ verify: check }: Verifier, secret: string, message: ReceivedMessage): Promise<unknown> =>
  check(secret, message);

describe.each(VERIFIERS)('The verifier of $name', (verifier) => {
  let place: StagePlace;
  let stage: WebhookStage;
  let receiver: WebhookReceiver;
  let merchant: StageMerchant;
  let clock: jest.SpiedFunction<typeof Date.now>;

  beforeAll(async () => {
    clock = jest.spyOn(Date, 'now');
    place = await createStagePlace('sqlite');
    stage = await WebhookStage.start(place);
  });
  beforeEach(async () => {
    clock.mockImplementation(() => stage.time.now());
    receiver = await WebhookReceiver.start();
    merchant = await stage.createMerchant();
  });
  afterEach(async () => {
    clock.mockReset();
    await receiver.close();
  });
  afterAll(async () => {
    clock.mockRestore();
    await stage.close();
    await place.cleanUp();
  });

  const data = { id: 'txn_1', customer: { name: 'Achieng’ Ọ́lá 🎉' }, text: 'a \\ " / </script>' };

  async function nextMessage(): Promise<ReceivedMessage> {
    const count = receiver.messages.length;
    await stage.announce(stage.toEvent(merchant, 'collection.succeeded', data));
    await stage.until('the message arrived', () => receiver.messages.length === count + 1);
    return receiver.messages[count]!;
  }

  it('knows the published example', async () => {
    const timestamp = 1_614_265_330;
    clock.mockImplementation(() => timestamp * 1_000);
    const example = {
      path: '/',
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': String(timestamp),
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
    };
    expect(await verify(verifier, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', example)).toEqual({ test: 2_432_232_314 });
  });

  it('takes a delivery, and nothing that differs from it', async () => {
    const { secret } = await stage.createEndpoint(merchant, receiver.url());
    const { secret: another } = await stage.createEndpoint(merchant, receiver.url('/other'), ['payout.*']);
    const message = await nextMessage();
    expect(await verify(verifier, secret, message)).toMatchObject({ type: 'collection.succeeded', data });
    const forged: ReceivedMessage[] = [
      { ...message, body: message.body.replace('txn_1', 'txn_2') },
      { ...message, headers: { ...message.headers, 'webhook-id': 'evt_2' } },
      {
        ...message,
        headers: { ...message.headers, 'webhook-timestamp': String(Number(message.headers['webhook-timestamp']) + 1) },
      },
    ];
    for (const forgery of forged) await expect(verify(verifier, secret, forgery)).rejects.toThrow();
    await expect(verify(verifier, another, message)).rejects.toThrow();
  });

  it('takes both secrets while a rotation overlaps, and the new one alone after it', async () => {
    const { id, secret: old } = await stage.createEndpoint(merchant, receiver.url());
    const rotated = await stage.request(`POST /v1/webhook-endpoints/${id}/rotate-secret`, merchant, {
      overlapHours: 1,
    });
    const { secret: fresh } = rotated.body;
    const during = await nextMessage();
    expect(String(during.headers['webhook-signature']).split(' ')).toHaveLength(2);
    expect(await verify(verifier, old, during)).toMatchObject({ data });
    expect(await verify(verifier, fresh, during)).toMatchObject({ data });
    await stage.advance(3_600_000);
    const after = await nextMessage();
    expect(await verify(verifier, fresh, after)).toMatchObject({ data });
    await expect(verify(verifier, old, after)).rejects.toThrow();
  });

  it('takes a redelivery, and of a replayed message knows the time or the id', async () => {
    const { secret } = await stage.createEndpoint(merchant, receiver.url());
    const first = await nextMessage();
    await stage.until('it is delivered', async () => (await stage.deliveries(merchant))[0].status === 'delivered');
    const [delivery] = await stage.deliveries(merchant);
    await stage.advance(3_600_000);
    await stage.request(`POST /v1/webhook-deliveries/${delivery.id}/redeliver`, merchant);
    await stage.until('it arrived again', () => receiver.messages.length === 2);
    const second = receiver.messages[1]!;
    expect(await verify(verifier, secret, second)).toMatchObject({ data });
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    const replayed = verify(verifier, secret, first);
    if (verifier.watchesTime) await expect(replayed).rejects.toThrow(/too old/);
    else expect(await replayed).toMatchObject({ data });
  });
});
