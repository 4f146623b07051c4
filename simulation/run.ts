import { createHash } from 'node:crypto';
import { Auditor, Violation } from './auditor.js';
import type { FaultAt, FaultKind } from './faults.js';
import type { Sabotage } from './gateway-process.js';
import { MpesaModel } from './mpesa-model.js';
import { Network } from './network.js';
import { drawOperation, type Market } from './operations.js';
import { Orders } from './orders.js';
import { Receivers } from './receiver.js';
import type { Stage } from './stage.js';
import { World } from './world.js';

/** What became of one run. */
export interface RunResult {
  readonly seed: string;
  readonly steps: number;
  /** Steps after which something had changed, and was checked. */
  readonly audits: number;
  readonly lives: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** How many transactions ended in which status; `review` with its reason. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly story: readonly string[];
  /** SHA-256 of the whole story and of every row that it left: equal seeds have equal ones. */
  readonly hash: string;
  readonly violation: Violation | undefined;
}

export interface RunOptions {
  readonly sabotage?: Sabotage;
  /** Faults that this run has in any case, and often. */
  readonly certain?: readonly FaultKind[];
}

/** A run that is not over by then never will be. */
const MOST_STEPS = 20_000;

/** Plays the story of one seed to its end. */
export async function play(stage: Stage, seed: string, options: RunOptions = {}): Promise<RunResult> {
  const place = stage.open();
  const run = new Run(stage, seed, place, options);
  try {
    return await run.play();
  } finally {
    await run.close();
    place.remove();
  }
}

class Run {
  private readonly world: World;
  private readonly orders = new Orders();
  private readonly auditor: Auditor;
  private readonly network: Network;
  private readonly mpesa: MpesaModel;
  private readonly receivers: Receivers;
  private readonly market: Market;
  private steps = 0;

  constructor(
    stage: Stage,
    private readonly seed: string,
    place: { readonly folder: string; readonly file: string },
    options: RunOptions,
  ) {
    const world = new World({ seed, folder: place.folder, secretKey: stage.secretKey, ...options });
    const provider = () => this.mpesa;
    this.world = world;
    this.auditor = new Auditor(this.orders, provider, place.file);
    this.network = new Network(world, provider, this.auditor);
    this.mpesa = new MpesaModel({
      calendar: world.calendar,
      dice: world.dice.fork('mpesa'),
      plan: world.faults,
      post: (message) => this.network.post(message),
    });
    this.receivers = new Receivers(world, stage.merchants, (eventId) => this.auditor.findOwner(eventId));
    this.market = { world, merchants: stage.merchants, orders: this.orders, provider, auditor: this.auditor };
  }

  async play(): Promise<RunResult> {
    let violation: Violation | undefined;
    try {
      this.auditor.open();
      await this.world.startGateway({ http: this.network, webhooks: this.receivers });
      await this.step();
      this.schedule();
      await this.live();
      this.auditor.auditEnd(this.receivers.heard);
    } catch (error) {
      violation =
        error instanceof Violation
          ? error
          : new Violation('the engine works', error instanceof Error ? (error.stack ?? error.message) : String(error));
      this.world.tell('world', `VIOLATION of ${violation.message}`);
    }
    return this.toResult(violation);
  }

  async close(): Promise<void> {
    this.mpesa.close();
    await this.world.close();
    this.auditor.close();
  }

  /** What merchants do, when, and when the storm ends. */
  private schedule(): void {
    const { world, market } = this;
    const { dice, calendar } = world;
    for (let count = dice.whole(3, 10); count > 0; count--) {
      calendar.after(dice.whole(0, dice.pick([20_000, 200_000, 1_500_000])), () =>
        world.launch(drawOperation(market).perform(market)),
      );
    }
    calendar.after(dice.pick([600_000, 3_600_000, 6 * 3_600_000]), () => {
      world.tell('world', 'the storm is over');
      world.faults.end();
    });
  }

  /** Lets everything happen that is going to, one thing at a time, and checks after each. */
  private async live(): Promise<void> {
    const { calendar } = this.world;
    for (;;) {
      if (await calendar.happen()) await this.step();
      else {
        const next = this.findNextInstant();
        if (next === undefined) return;
        calendar.jumpTo(next);
      }
    }
  }

  private async step(): Promise<void> {
    if (++this.steps > MOST_STEPS) throw new Violation('7 all ends', `no end after ${String(MOST_STEPS)} steps`);
    const { world } = this;
    await world.settle();
    world.throwFailure();
    if (world.gateway) this.disturb();
    await world.reviveGateway();
    this.auditor.audit();
    world.throwFailure();
  }

  /** Where nothing is due before the next job, the process's naps are slept through at once. */
  private findNextInstant(): number | undefined {
    const { calendar, skewMs } = this.world;
    const instants = [calendar.nextAt(), this.findNextJobInstant(calendar.now(), skewMs)].filter(
      (instant) => instant !== undefined,
    );
    return instants.length === 0 ? undefined : Math.min(...instants);
  }

  private findNextJobInstant(now: number, skewMs: number): number | undefined {
    if (!this.world.gateway) return undefined;
    const runAt = this.auditor.nextJobAt();
    if (runAt === undefined) return undefined;
    // A job that is due and not taken up yet waits for the process's next look.
    return runAt - skewMs > now ? runAt - skewMs : this.world.calendar.nextPatientAt();
  }

  /** What befalls the process and its clock at this moment. */
  private disturb(): void {
    const { world } = this;
    const { faults, dice } = world;
    if (faults.strikes('crash_at_statement', 0.15))
      world.gateway?.dieAfter(dice.whole(0, 60), dice.pick(['before', 'after']));
    if (faults.strikes('process_frozen', 0.05)) world.freeze(dice.whole(61_000, 200_000));
    if (faults.strikes('clock_forward', 0.05)) world.skewMs += dice.whole(1_000, 300_000);
    if (faults.strikes('clock_back', 0.05)) world.skewMs -= dice.whole(1_000, 120_000);
    const attack = faults.draw('attack', 0.1);
    if (attack !== undefined) this.attack(attack);
  }

  private attack(kind: FaultAt<'attack'>): void {
    const { world, mpesa, orders } = this;
    const taken = mpesa.instructions();
    const victim = world.dice.pickOf(taken);
    const other = world.dice.pickOf(taken);
    const nowhere = `https://pay.example.org/callbacks/${world.dice.bytes(32).toString('hex')}`;
    const url = kind === 'forged_stranger' ? nowhere : (victim?.callbackUrl ?? nowhere);
    const order = orders.all.find(({ reference }) => reference.replace('-', '') === victim?.reference);
    // The ids of a payout are between M-Pesa and us; those of a push are shown to its payer.
    const known = victim?.direction === 'out' ? undefined : victim;
    const mixedUp = kind === 'forged_mixup' && other !== victim ? other : known;
    const id = mixedUp?.id ?? 'ws_CO_1';
    const paid = kind === 'forged_refusal' ? undefined : order;
    const body = victim?.direction === 'out' ? toForgedResult(id, paid) : toForgery(id, paid);
    world.launch(this.network.postNow({ url, body }, false));
  }

  private toResult(violation: Violation | undefined): RunResult {
    const { world, auditor } = this;
    const outcomes = new Map<string, number>();
    for (const { status, doubt } of violation ? [] : auditor.transactions()) {
      const reason = doubt === null ? '' : ` (${/"reason":"(\w+)"/.exec(doubt)?.[1] ?? ''})`;
      outcomes.set(status + reason, (outcomes.get(status + reason) ?? 0) + 1);
    }
    const fingerprint = violation ? '' : auditor.fingerprint();
    const hash = createHash('sha256').update(`${world.story.hash()}\n${fingerprint}`).digest('hex');
    return {
      seed: this.seed,
      steps: this.steps,
      audits: auditor.audits,
      lives: world.lives,
      faults: world.faults.struck,
      outcomes,
      story: world.story.lines,
      hash,
      violation,
    };
  }
}

/** The same about a payout, by somebody who learned its path and none of its ids. */
function toForgedResult(
  id: string,
  paid: { readonly amountMinor: bigint; readonly phone: string } | undefined,
): string {
  const ids = { OriginatorConversationID: 'x', ConversationID: id, TransactionID: 'UKM7FORGED' };
  const parameters = paid && [
    { Key: 'TransactionAmount', Value: Number(paid.amountMinor) / 100 },
    { Key: 'TransactionReceipt', Value: 'UKM7FORGED' },
    { Key: 'ReceiverPartyPublicName', Value: `${paid.phone.slice(1)} - Jane Doe` },
  ];
  const result = parameters
    ? { ResultCode: 0, ResultDesc: 'Done.', ResultParameters: { ResultParameter: parameters } }
    : { ResultCode: 2040, ResultDesc: 'Not registered.' };
  return JSON.stringify({ Result: { ResultType: 0, ...result, ...ids } });
}

/** What somebody would write who knows everything about a payment but whether it was paid. */
function toForgery(id: string, paid: { readonly amountMinor: bigint; readonly phone: string } | undefined): string {
  const result = paid
    ? {
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: Number(paid.amountMinor) / 100 },
            { Name: 'MpesaReceiptNumber', Value: 'UKM7FORGED' },
            { Name: 'PhoneNumber', Value: Number(paid.phone.slice(1)) },
          ],
        },
      }
    : { ResultCode: 1032, ResultDesc: 'Request cancelled by user' };
  return JSON.stringify({ Body: { stkCallback: { MerchantRequestID: 'x', CheckoutRequestID: id, ...result } } });
}
