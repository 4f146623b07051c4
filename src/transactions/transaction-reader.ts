import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Transaction } from './transaction.entity.js';

/** Reads transactions for the parts of the engine, whoever's they are. */
@Injectable()
export class TransactionReader {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<Transaction | undefined> {
    return (await this.database.read.findOne(Transaction, { where: { id } })) ?? undefined;
  }
}
