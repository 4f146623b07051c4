import type { ObjectLiteral } from 'typeorm';

/**
 * SQL that is each row's own number, for one update of many rows: `CASE id WHEN … THEN … END`. The engine compares row by
 * row, so keep it to hundreds.
 */
export function toNumberCase(column: string, numbers: ReadonlyMap<string, number>): NumberCase {
  const entries = [...numbers];
  return {
    sql: `CASE ${column} ${entries.map(([, number], index) => `WHEN :case${index} THEN ${toDigits(number)}`).join(' ')} END`,
    parameters: Object.fromEntries(entries.map(([text], index) => [`case${index}`, text])),
  };
}

export interface NumberCase {
  readonly sql: string;
  readonly parameters: ObjectLiteral;
}

function toDigits(number: number): string {
  if (!Number.isSafeInteger(number)) throw new RangeError(`${String(number)} is no whole number that a row can hold.`);
  return String(number);
}
