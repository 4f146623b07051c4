import { fileURLToPath } from 'node:url';

/** A provider's simulator, and the account that lets a merchant be paid through it. */
export interface SimulatorPlan {
  /** The provider's id. */
  readonly provider: string;
  /** What is started. A path, never an import: the gateway and its simulators share no code. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the simulator's own documentation says it knows. `baseUrl` is added, and what only the running one can tell. */
  readonly account: {
    readonly credentials: Readonly<Record<string, unknown>>;
    readonly settings: Readonly<Record<string, unknown>>;
    /** Routing tries the lowest first. */
    readonly priority: number;
  };
  /** Settings that the simulator answers, by their own names, under these paths. */
  readonly settingsFrom?: Readonly<Record<string, string>>;
  /**
   * Where the simulator is told the URL of the account's webhook, as one would enter it in the provider's dashboard; absent
   * where each payment brings its own.
   */
  readonly webhooksPath?: string;
}

/** The simulators that run beside a gateway outside production. */
export const SIMULATORS: readonly SimulatorPlan[] = [
  {
    provider: 'mpesa',
    script: toScript('mpesa'),
    // Safaricom calls public https addresses only; a first run has nothing but loopback.
    environment: { ACCEPT_LOOPBACK_CALLBACKS: 'true' },
    account: {
      // The simulator's demo app, and the shortcode and passkey that Safaricom publishes for its sandbox: no secrets.
      credentials: {
        consumerKey: 'demo-consumer-key',
        consumerSecret: 'demo-consumer-secret',
        passkey: 'bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919',
        // Its API operator, with the password that Safaricom publishes for its sandbox.
        initiatorName: 'testapi',
        initiatorPassword: 'Safaricom999!*!',
      },
      settings: { shortcode: '174379', type: 'paybill' },
      priority: 100,
    },
    // Safaricom's private keys are its own: what is meant for the simulator is encrypted with the simulator's certificate.
    settingsFrom: { certificate: '/_control/certificate' },
  },
  {
    provider: 'moneroo',
    script: toScript('moneroo'),
    // A fresh sandbox of Moneroo offers two test methods in dollars; here all of them can be tried.
    environment: { SANDBOX_METHODS: 'all' },
    account: {
      // The simulator's demo app: no secrets.
      credentials: {
        secretKey: 'pvk_sandbox_demo01|01J8Z0000000000000SANDBOX1',
        webhookSecret: 'demo-webhook-secret',
      },
      settings: {},
      // It offers M-Pesa too: what M-Pesa itself can do goes there.
      priority: 200,
    },
    webhooksPath: '/_control/webhooks',
  },
  {
    provider: 'dexchange',
    script: toScript('dexchange'),
    environment: {},
    account: {
      // The simulator's demo merchant: no secret. Its webhooks come on each attempt's own path.
      credentials: { apiKey: 'sk.demo1.simulated-dexchange' },
      settings: {},
      // What it serves itself, such as Wave in Senegal, goes there before Moneroo.
      priority: 150,
    },
  },
];

function toScript(provider: string): string {
  return fileURLToPath(new URL(`../../libs/simulators/${provider}/src/main.js`, import.meta.url));
}
