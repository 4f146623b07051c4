import { ACTIONS, Alarms, type Action } from '#libs/simulators/kit';
import type { PhoneStanding, Prompt, Transfer } from './book.js';
import type { Callbacks } from './callbacks.js';
import { toOutcome, toStage } from './stk-codes.js';
import { MAX_AMOUNT } from './stk-fields.js';
import { toWireTimestamp } from './time.js';
import type { World } from './world.js';

const CODE_OF: Readonly<Record<Action, string>> = { pin: '0', wrong_pin: '2001', cancel: '1032', ignore: '1037' };

/** A customer may send this much in a day (§16.1), in hundredths of a shilling. */
const DAILY_LIMIT = 500_000n * 100n;
/** After so many wrong PINs in a row the PIN is locked (§6). */
const PIN_TRIES = 3;
/** A phone that somebody holds does not answer by itself; the page says every two seconds that it is still held. */
const HOLD_MS = 5_000;

/** Why an answer could not be given. */
export type NoAnswer = 'no_prompt' | 'not_shown_yet' | 'already_answered';

/** Moves every prompt through its life: shown, answered, ended, reported. Survives a restart, for it acts on the book. */
export class Timeline {
  private readonly alarms: Alarms;
  private readonly heldUntil = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly callbacks: Callbacks,
  ) {
    this.alarms = new Alarms(world.time);
  }

  /** Takes up what an earlier run left open. */
  resume(): void {
    for (const prompt of this.world.book.prompts.values()) {
      if (!prompt.end) this.drive(prompt);
      else if (!prompt.called) this.callbacks.schedule(prompt);
    }
  }

  start(id: string): void {
    const prompt = this.world.book.prompts.get(id);
    if (prompt && !prompt.end) this.drive(prompt);
  }

  /** Lives a whole life at once, callback included. */
  async rush(id: string): Promise<void> {
    const { book, time } = this.world;
    const prompt = book.prompts.get(id);
    if (!prompt) return;
    const { push } = prompt;
    if (push.showAt !== null && prompt.shownAt === null) book.record({ kind: 'shown', id, at: time.now() });
    if (push.answerAt !== null) this.answerByRule(prompt, 0);
    this.record(prompt, push.rule.code);
    await this.callbacks.deliver(prompt);
    this.world.watch.changed();
  }

  /** Answers the newest prompt on that phone. */
  answer(msisdn: string, action: Action): NoAnswer | Prompt {
    const { book, settings, time } = this.world;
    const open = book.openPromptsOf(msisdn);
    if (open.length === 0) return 'no_prompt';
    const shown = open.filter((prompt) => prompt.shownAt !== null);
    if (shown.length === 0) return 'not_shown_yet';
    // Whoever put the phone aside may take it up again.
    const prompt = shown.find((candidate) => candidate.answer === null || candidate.answer.action === 'ignore');
    if (!prompt) return 'already_answered';
    const at = time.now();
    const endsAt = action === 'ignore' ? prompt.push.endsAt : at + settings.get('processingDelayMs');
    book.record({ kind: 'answered', id: prompt.push.checkoutRequestId, at, action, by: 'person', endsAt });
    this.drive(prompt);
    this.world.watch.changed();
    return prompt;
  }

  /** Somebody has this phone in the hand: for a while it waits for that person instead of answering by itself. */
  hold(msisdn: string): void {
    this.heldUntil.set(msisdn, this.world.time.now() + HOLD_MS);
    for (const prompt of this.world.book.openPromptsOf(msisdn))
      if (this.alarms.has(prompt.push.checkoutRequestId)) this.drive(prompt);
  }

  /** Nothing will happen any more, not even to a push whose answer is just leaving. */
  close(): void {
    this.alarms.close();
  }

  stop(): void {
    this.alarms.stop();
    this.heldUntil.clear();
  }

  private drive(prompt: Prompt): void {
    const id = prompt.push.checkoutRequestId;
    const step = this.findNextStep(prompt);
    if (!step) return this.alarms.clear(id);
    this.alarms.set(id, step.at, () => {
      step.take();
      this.drive(prompt);
      this.world.watch.changed();
    });
  }

  private findNextStep(prompt: Prompt): { at: number; take: () => void } | undefined {
    const { push, answer } = prompt;
    if (prompt.end) return undefined;
    if (answer && answer.action !== 'ignore') {
      const code = answer.by === 'rule' ? push.rule.code : readAction(answer.action);
      return { at: answer.endsAt, take: () => this.end(prompt, code) };
    }
    if (push.showAt === null) return { at: push.endsAt, take: () => this.end(prompt, push.rule.code) };
    if (prompt.shownAt === null) {
      const id = push.checkoutRequestId;
      return { at: push.showAt, take: () => this.world.book.record({ kind: 'shown', id, at: this.world.time.now() }) };
    }
    const silent = {
      at: push.endsAt,
      take: () => this.end(prompt, push.rule.stage === 'silence' ? push.rule.code : '1037'),
    };
    if (push.answerAt === null || answer) return silent;
    const heldUntil = this.heldUntil.get(push.msisdn) ?? 0;
    if (heldUntil > this.world.time.now())
      return heldUntil < silent.at ? { at: heldUntil, take: () => undefined } : silent;
    return { at: push.answerAt, take: () => this.answerByRule(prompt, this.world.settings.get('processingDelayMs')) };
  }

  private answerByRule({ push }: Prompt, processingMs: number): void {
    const at = this.world.time.now();
    const entry = { id: push.checkoutRequestId, at, action: push.rule.code, endsAt: at + processingMs };
    this.world.book.record({ kind: 'answered', by: 'rule', ...entry });
  }

  private end(prompt: Prompt, asked: string): void {
    this.record(prompt, asked);
    this.callbacks.schedule(prompt);
  }

  /** The end of a transaction: its code, its money and what it means for the line, in one entry. */
  private record(prompt: Prompt, asked: string): void {
    const { book, time } = this.world;
    const at = time.now();
    const code = this.judge(prompt, asked, at);
    const transfer = code === '0' ? this.toTransfer(prompt, at) : null;
    book.record({
      kind: 'ended',
      id: prompt.push.checkoutRequestId,
      at,
      code,
      transfer,
      standing: this.toStanding(prompt, code, at),
    });
  }

  /** What M-PESA itself says to a PIN. */
  private judge({ push }: Prompt, asked: string, at: number): string {
    const wallet = this.world.book.wallets.get(push.msisdn);
    if (!wallet) return asked;
    const isPin = asked === '0' || asked === '2001';
    if (isPin && !push.magic && wallet.standing.wrongPins >= PIN_TRIES) return '8006';
    if (asked !== '0') return asked;
    if (push.amount > MAX_AMOUNT * 100n) return '3';
    const windowMs = this.world.settings.get('sameAmountWindowMs');
    const paid = wallet.transfers.filter(({ direction }) => direction === 'in');
    if (paid.some((transfer) => transfer.amount === push.amount && transfer.at > at - windowMs)) return '17';
    const today = toWireTimestamp(at).slice(0, 8);
    const sentToday = paid.filter((transfer) => toWireTimestamp(transfer.at).startsWith(today));
    if (sentToday.reduce((sum, transfer) => sum + transfer.amount, push.amount) > DAILY_LIMIT) return '4';
    return wallet.balance < push.amount ? '1' : '0';
  }

  private toTransfer({ push }: Prompt, at: number): Transfer {
    const { book, ids } = this.world;
    const receipt = ids.receipt(at, (candidate) => book.hasReceipt(candidate));
    return {
      id: receipt,
      direction: 'in',
      kind: 'collection',
      party: push.msisdn,
      shortcode: push.shortcode,
      account: push.transactionType === 'CustomerBuyGoodsOnline' ? 'Merchant Account' : 'Utility Account',
      amount: push.amount,
      reference: push.reference,
      status: 'completed',
      at,
      receipt,
      checkoutRequestId: push.checkoutRequestId,
      conversationId: null,
      reverses: null,
      callbackUrl: push.callbackUrl,
    };
  }

  private toStanding({ push, shownAt }: Prompt, code: string, at: number): PhoneStanding {
    const { book, settings } = this.world;
    const before = book.wallets.get(push.msisdn)?.standing ?? { unfinished: 0, wrongPins: 0, blockedUntil: null };
    if (push.magic || shownAt === null) return before;
    const stage = toStage(code);
    if (stage === 'paid' || stage === 'afterPin') {
      const wrongPins = code === '2001' ? before.wrongPins + 1 : code === '8006' ? before.wrongPins : 0;
      return { ...before, wrongPins, unfinished: 0 };
    }
    const unfinished = before.unfinished + 1;
    const limit = settings.get('unfinishedPromptLimit');
    if (limit === 0 || unfinished < limit) return { ...before, unfinished };
    return { ...before, unfinished: 0, blockedUntil: at + settings.get('unfinishedPromptBlockMs') };
  }
}

function readAction(action: string): string {
  const known = ACTIONS.find((candidate) => candidate === action);
  return known ? CODE_OF[known] : toOutcome(action).code;
}
