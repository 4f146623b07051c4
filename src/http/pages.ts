import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { Problem } from './problem.js';

/** What every list takes. */
export class PageQuery {
  @ApiPropertyOptional({ description: 'How many, 1 to 100.', minimum: 1, maximum: 100, default: 20, type: 'integer' })
  @IsOptional()
  @Transform(({ value }) => toInteger(value))
  @IsInt()
  @Min(1)
  @Max(100)
  limit = 20;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  cursor?: string;
}

// Number() would also take 1e1, 0x10, blanks and lists of one.
function toInteger(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
}

/** One page of a list, newest first. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
}

/** The part of a page that is the same for every list, for the OpenAPI document. */
export abstract class PageResponse {
  @ApiProperty({ description: 'Whether there are older ones.' })
  hasMore!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Send it as `cursor` for the next page.' })
  nextCursor!: string | null;
}

/** Makes and reads cursors. A cursor is bound to its list and filters; another one's is refused. */
export class Cursors {
  constructor(private readonly key: Buffer) {}

  /** Shapes rows, of which one more than `limit` was read, into a page. */
  toPage<Row extends { id: string }, T>(
    rows: readonly Row[],
    limit: number,
    binding: readonly unknown[],
    shape: (row: Row) => T,
  ): Page<T> {
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    const hasMore = rows.length > limit;
    return { data: shown.map(shape), hasMore, nextCursor: hasMore && last ? this.make(last.id, binding) : null };
  }

  make(id: string, binding: readonly unknown[]): string {
    return Buffer.from(`${id}.${this.sign(id, binding)}`).toString('base64url');
  }

  /** The id after which the page begins, or undefined for the first page. Throws `invalid_cursor`. */
  read(cursor: string | undefined, binding: readonly unknown[]): string | undefined {
    if (cursor === undefined) return undefined;
    const [id = '', signature = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split('.');
    const given = Buffer.from(signature);
    const expected = Buffer.from(this.sign(id, binding));
    if (given.length === expected.length && timingSafeEqual(given, expected)) return id;
    throw new Problem(
      'invalid_cursor',
      'This cursor is damaged or belongs to another list. Use the nextCursor of the page before, with the same filters.',
    );
  }

  private sign(id: string, binding: readonly unknown[]): string {
    return createHmac('sha256', this.key)
      .update(JSON.stringify(['cursor', id, ...binding]))
      .digest('base64url')
      .slice(0, 22);
  }
}
