import type { Dice } from './dice.js';

/** What happens at an appointment. Where it answers with a promise, time stands still until that is kept. */
export type Work = (() => void) | (() => Promise<unknown>);

interface Appointment {
  readonly at: number;
  /** Decides between appointments of one instant: drawn, so that another seed tries another order. */
  readonly lot: number;
  readonly patient: boolean;
  readonly work: Work;
}

/** True time, and everything that is going to happen. Nothing happens between two appointments. */
export class Calendar {
  private appointments: Appointment[] = [];

  constructor(
    private current: number,
    private readonly dice: Dice,
  ) {}

  /** Epoch ms. */
  now(): number {
    return this.current;
  }

  /** Does `work` in `delayMs`, to the millisecond; call the answer to cancel. */
  after(delayMs: number, work: Work): () => void {
    return this.add(delayMs, work, false);
  }

  /** The same for one who may be called late, as every timer of a computer may: a stretch without news is skipped. */
  afterPatiently(delayMs: number, work: Work): () => void {
    return this.add(delayMs, work, true);
  }

  /** When something happens that cannot wait, or undefined where nothing will. */
  nextAt(): number | undefined {
    return this.first(({ patient }) => !patient);
  }

  /** When the first of those is due that may wait. */
  nextPatientAt(): number | undefined {
    return this.first(({ patient }) => patient);
  }

  /** Goes to that instant, or stays where it has passed. What fell due on the way happens then. */
  jumpTo(instant: number): void {
    this.current = Math.max(this.current, instant);
  }

  /** Lets the first thing that is due happen. False where nothing is due yet. */
  async happen(): Promise<boolean> {
    const [first] = this.appointments
      .filter(({ at }) => at <= this.current)
      .sort((a, b) => a.at - b.at || a.lot - b.lot);
    if (!first) return false;
    this.appointments = this.appointments.filter((other) => other !== first);
    await first.work();
    return true;
  }

  private add(delayMs: number, work: Work, patient: boolean): () => void {
    const at = this.current + Math.max(Math.round(delayMs), 0);
    const appointment = { at, lot: this.dice.fraction(), patient, work };
    this.appointments.push(appointment);
    return () => {
      this.appointments = this.appointments.filter((other) => other !== appointment);
    };
  }

  private first(isMeant: (appointment: Appointment) => boolean): number | undefined {
    const instants = this.appointments.filter(isMeant).map(({ at }) => at);
    return instants.length === 0 ? undefined : Math.min(...instants);
  }
}
