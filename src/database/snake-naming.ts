import { DefaultNamingStrategy } from 'typeorm';

/** Columns are `snake_case` in SQL and `camelCase` in the code. */
export class SnakeNaming extends DefaultNamingStrategy {
  override columnName(propertyName: string, customName: string | undefined, prefixes: string[]): string {
    const name = customName ?? [...prefixes, propertyName].join('_');
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}
