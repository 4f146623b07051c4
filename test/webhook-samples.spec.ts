// The receiver's guide shows how to verify a message. Each sample is taken from the page and meets real deliveries.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { signMessage } from '../src/webhooks/webhook-signature.js';
import { describeWithProgram, runProgram } from './support/programs.js';
import { WebhookReceiver, type ReceivedMessage } from './support/webhook-receiver.js';
import { createStagePlace, WebhookStage } from './support/webhook-stage.js';

interface Case {
  readonly name: string;
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the sample must take it. */
  readonly good: boolean;
}

const page = readFileSync('docs/webhooks.md', 'utf8');

function sampleIn(language: string): string {
  const [, code] = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (code === undefined) throw new Error(`The page has no sample in ${language}.`);
  return code;
}

let cases: Case[];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'malipo-samples-'));
  cases = await makeCases();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program that reads the cases as JSON and prints, as JSON, the type that each is taken for, or null. */
function judge(program: string, file: string, code: string): (string | null)[] {
  writeFileSync(join(folder, file), code);
  return JSON.parse(runProgram(program, [join(folder, file)], JSON.stringify(cases))) as (string | null)[];
}

function expectRight(judged: readonly (string | null)[]): void {
  expect(cases.map(({ name }, index) => [name, judged[index]])).toEqual(
    cases.map(({ name, good }) => [name, good ? 'collection.succeeded' : null]),
  );
}

describeWithProgram('node', 'The sample in TypeScript', () => {
  it('takes what is ours and nothing else', () => {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(sampleIn('ts'), { compilerOptions: options });
    const driver = `
      import { readFileSync } from 'node:fs';
      const judge = ({ secret, headers, body }) => {
        try { return verifyWebhook(secret, headers, body).type; } catch { return null; }
      };
      console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(judge)));`;
    expectRight(judge('node', 'sample.mjs', outputText + driver));
  });

  it('type-checks under strict', () => {
    const file = join(folder, 'sample.ts');
    writeFileSync(file, sampleIn('ts'));
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      types: ['node'],
      typeRoots: [join(process.cwd(), 'node_modules/@types')],
    });
    const faults = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(faults).toEqual([]);
  });
});

describeWithProgram('python3', 'The sample in Python', () => {
  it('takes what is ours and nothing else', () => {
    const driver = `
import sys

def judge(case):
    try:
        return verify_webhook(case["secret"], case["headers"], case["body"].encode())["type"]
    except ValueError:
        return None

print(json.dumps([judge(case) for case in json.load(sys.stdin)]))
`;
    expectRight(judge('python3', 'sample.py', sampleIn('python') + driver));
  });
});

describeWithProgram('php', 'The sample in PHP', () => {
  it('takes what is ours and nothing else', () => {
    const driver = `
echo json_encode(array_map(function ($case) {
    try {
        return verify_webhook($case['secret'], $case['headers'], $case['body'])['type'];
    } catch (RuntimeException $fault) {
        return null;
    }
}, json_decode(file_get_contents('php://stdin'), true)));
`;
    expectRight(judge('php', 'sample.php', sampleIn('php') + driver));
  });
});

/** Real deliveries before and during a rotation, and what somebody could make of them. */
async function makeCases(): Promise<Case[]> {
  const place = await createStagePlace('sqlite');
  const stage = await WebhookStage.start(place);
  const receiver = await WebhookReceiver.start();
  try {
    const merchant = await stage.createMerchant();
    const { id, secret } = await stage.createEndpoint(merchant, receiver.url());
    const data = { id: 'txn_1', customer: { name: 'Achieng’ Ọ́lá 🎉' }, text: 'a \\ " / </script>' };
    const send = async (): Promise<ReceivedMessage> => {
      const count = receiver.messages.length;
      await stage.announce(stage.toEvent(merchant, 'collection.succeeded', data));
      await stage.until('it arrived', () => receiver.messages.length > count);
      return receiver.messages[count]!;
    };
    const first = await send();
    const rotated = await stage.request(`POST /v1/webhook-endpoints/${id}/rotate-secret`, merchant, {
      overlapHours: 1,
    });
    return toCases({ first, during: await send(), secret, fresh: String(rotated.body.secret) });
  } finally {
    await receiver.close();
    await stage.close();
    await place.cleanUp();
  }
}

interface Sent {
  readonly first: ReceivedMessage;
  readonly during: ReceivedMessage;
  readonly secret: string;
  readonly fresh: string;
}

function toCases({ first, during, secret, fresh }: Sent): Case[] {
  const headers = first.headers as Record<string, string>;
  const { body } = first;
  const good = { secret, headers, body, good: true };
  const old = Number(headers['webhook-timestamp']) - 600;
  const oldSignature = signMessage(secret, { id: headers['webhook-id'] ?? '', timestamp: old, body });
  const bad = (name: string, change: object): Case => ({ ...good, name, good: false, ...change });
  const overlap = { headers: during.headers as Record<string, string>, body: during.body, good: true };
  return [
    { ...good, name: 'a delivery' },
    { ...overlap, secret, name: 'the old secret during a rotation' },
    { ...overlap, secret: fresh, name: 'the new secret during a rotation' },
    bad('another secret', { secret: fresh }),
    bad('another body', { body: body.replace('txn_1', 'txn_2') }),
    bad('another id', { headers: { ...headers, 'webhook-id': 'evt_2' } }),
    bad('no signature', { headers: { ...headers, 'webhook-signature': '' } }),
    bad('a signature of another version', {
      headers: { ...headers, 'webhook-signature': headers['webhook-signature']?.replace('v1,', 'v2,') },
    }),
    bad('none of the headers', { headers: {} }),
    bad('a signature that is no ASCII', { headers: { ...headers, 'webhook-signature': 'v1,Ünïcödé=' } }),
    bad('a timestamp that is no number', { headers: { ...headers, 'webhook-timestamp': 'now' } }),
    bad('a replay after ten minutes', {
      headers: { ...headers, 'webhook-timestamp': String(old), 'webhook-signature': oldSignature },
    }),
  ];
}
