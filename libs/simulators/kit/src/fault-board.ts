import { draw, SwitchBoard, type Dose, type SwitchTable, type ValuesOf } from './switches.js';

/** The faults of a table that strike by dose. */
export type DoseName<T extends SwitchTable> = {
  [K in keyof T]: Dose extends ValuesOf<T>[K] ? K : never;
}[keyof T] &
  string;

/** A table of faults as they are set now. */
export class FaultBoard<const T extends SwitchTable> extends SwitchBoard<T> {
  /** `random` is where chance comes from, in [0, 1). */
  constructor(
    table: T,
    start: Readonly<Record<string, unknown>>,
    private readonly random: () => number,
  ) {
    super(table, start);
  }

  /** Whether this fault strikes now. Uses up one of a counted dose. */
  strikes(name: DoseName<T>): boolean {
    // Its name says that this switch holds a dose.
    const { strikes, left } = draw(this.get(name) as Dose, this.random);
    this.set({ [name]: left });
    return strikes;
  }
}
