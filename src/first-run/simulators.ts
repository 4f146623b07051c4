import { fileURLToPath } from 'node:url';

/** A provider's simulator, and the account that lets a merchant be paid through it. */
export interface SimulatorPlan {
  /** The provider's id. */
  readonly provider: string;
  /** What is started. A path, never an import: the gateway and its simulators share no code. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What the simulator's own documentation says it knows. `baseUrl` is added. */
  readonly account: {
    readonly credentials: Readonly<Record<string, unknown>>;
    readonly settings: Readonly<Record<string, unknown>>;
  };
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
      },
      settings: { shortcode: '174379', type: 'paybill' },
    },
  },
];

function toScript(provider: string): string {
  return fileURLToPath(new URL(`../../libs/simulators/${provider}/src/main.js`, import.meta.url));
}
