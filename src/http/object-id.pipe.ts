import type { PipeTransform } from '@nestjs/common';
import { notFound } from './problem.js';

/**
 * An id in a path, exactly as we make them. Anything else is a 404 before the database sees it: MariaDB's collations would
 * take `MER_01…` and `mer_01… ` for `mer_01…`.
 */
export class ObjectIdPipe implements PipeTransform<unknown, string> {
  private readonly shape: RegExp;

  constructor(prefix: string) {
    this.shape = new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`);
  }

  transform(value: unknown): string {
    if (typeof value === 'string' && this.shape.test(value)) return value;
    throw notFound();
  }
}
