import { FileJournal } from './journal.js';

it('a journal that cannot be written says so for ever', async () => {
  const journal = new FileJournal('/dev/full');
  journal.append('{}');
  await expect(journal.durable()).rejects.toThrow('ENOSPC');
  journal.append('{}');
  await expect(journal.durable()).rejects.toThrow('ENOSPC');
  await expect(journal.close()).rejects.toThrow('ENOSPC');
  expect(() => journal.append('{}')).toThrow('closed');
});
