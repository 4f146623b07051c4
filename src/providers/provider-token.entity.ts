import { Column, Entity, PrimaryColumn } from 'typeorm';
import { HashColumn, InstantColumn, ReferenceColumn } from '../database/columns.js';

/**
 * The access token of a provider account, and who is fetching the next one. Instants are those of the database's clock:
 * the processes that read them need not agree on the time.
 */
@Entity('provider_tokens')
export class ProviderToken {
  /** Id and version of the account, such as `pac_….3`: changed credentials begin with a token of their own. */
  @PrimaryColumn({ type: 'varchar', length: 48 })
  accountKey!: string;

  /** Null before the first token, and after one that the provider refused. */
  @Column({ type: 'text', nullable: true })
  sealedToken!: string | null;

  /** SHA-256 of the token, so that a refused one is dropped and its successor is not. */
  @HashColumn({ nullable: true })
  tokenHash!: string | null;

  /** From here on somebody fetches the next one, while this one still serves. */
  @InstantColumn({ nullable: true })
  refreshAt!: number | null;

  @InstantColumn({ nullable: true })
  expiresAt!: number | null;

  /** Who is fetching a token; null where nobody is. */
  @ReferenceColumn({ nullable: true })
  leaseToken!: string | null;

  /** From here on the one who is fetching counts as dead. */
  @InstantColumn({ nullable: true })
  leaseEndsAt!: number | null;
}
