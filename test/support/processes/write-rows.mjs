// Writes pairs of rows to the database whose settings are the first argument, as fast as it can and until it is killed.
// Prints a pair's name once its write was answered, and not before.
import { writeSync } from 'node:fs';
import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { toDataSourceOptions } from '../../../dist/src/database/data-source.js';
import { Database } from '../../../dist/src/database/database.js';
import { ReferenceKey } from '../../../dist/src/transactions/reference-key.entity.js';

const [settings, round] = process.argv.slice(2);
const source = await new DataSource(await toDataSourceOptions(JSON.parse(settings))).initialize();
const database = await Database.over(source);

let made = 0;
await Promise.all(Array.from({ length: 8 }, writeOn));

async function writeOn() {
  for (;;) {
    const name = `${round}-${++made}`;
    // Either way of writing, in turn.
    const write = made % 2 === 0 ? database.write.bind(database) : database.writeBatch.bind(database);
    await write(async (tx) => {
      await tx.insert(ReferenceKey, [{ referenceHash: `${name}-debit`, transactionId: name }]);
      await tx.insert(ReferenceKey, [{ referenceHash: `${name}-credit`, transactionId: name }]);
    });
    writeSync(1, `${name}\n`);
  }
}
