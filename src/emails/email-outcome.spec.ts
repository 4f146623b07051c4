import { readFailure, toNextWait, WAITS_MS } from './email-outcome.js';

const failure = (response: string, command: string) => {
  const responseCode = Number(response.slice(0, 3));
  return Object.assign(new Error(response), { code: 'EENVELOPE', response, responseCode, command });
};

describe('A mail that was not taken', () => {
  it.each([
    ['550 5.1.1 No such user', 'RCPT TO', 'bounced'],
    ['550 no such user here', 'RCPT TO', 'bounced'],
    ['550 5.2.1 Mailbox disabled', 'RCPT TO', 'bounced'],
    ['550 5.5.0 mailbox unavailable', 'RCPT TO', 'bounced'],
    ['552 5.2.2 Mailbox full', 'RCPT TO', 'refused'],
    ['552-5.2.2 The recipient is over quota', 'RCPT TO', 'refused'],
    ['552 Requested mail action aborted: exceeded storage allocation', 'RCPT TO', 'refused'],
    ['552 5.2.3 Message too long for it', 'RCPT TO', 'refused'],
    ['554 5.3.4 Message too big for system', 'RCPT TO', 'refused'],
    ['550-5.7.1 Relaying denied', 'RCPT TO', 'refused'],
    ['450 4.2.0 Greylisted', 'RCPT TO', 'later'],
    ['503 Bad sequence of commands', 'RCPT TO', 'later'],
    ['554 5.6.0 Looks like spam', 'DATA', 'refused'],
    ['452 4.3.1 Disk full', 'DATA', 'later'],
    ['535 5.7.8 Bad credentials', 'AUTH PLAIN', 'later'],
    ['553 5.1.8 Sender refused', 'MAIL FROM', 'later'],
    ['554 No SMTP service here', 'CONN', 'later'],
  ])('after %s to %s is %s', (response, command, kind) => {
    expect(readFailure(failure(response, command))).toEqual({ kind, answer: response });
  });

  it.each(['ECONNECTION', 'ETIMEDOUT', 'EDNS', 'ETLS', 'EABORT', 'ESOCKET'])(
    'after %s, which is silence, is tried again, in words that name no network of ours',
    (code) => {
      const error = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:25'), { code });
      expect(readFailure(error)).toEqual({ kind: 'later', answer: expect.not.stringContaining('10.1.2.3') });
    },
  );

  it.each([undefined, null, 'text', new Error('x'), {}])('after %p is tried again', (error) => {
    expect(readFailure(error).kind).toBe('later');
  });

  it('is tried ten times over two days', () => {
    const middle = () => Buffer.from([0x80, 0, 0, 0]);
    const waits = WAITS_MS.map((_, index) => toNextWait(index + 1, middle));
    expect(waits).toEqual(WAITS_MS);
    expect(toNextWait(WAITS_MS.length + 1, middle)).toBeUndefined();
    const hours = WAITS_MS.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
    expect([WAITS_MS.length + 1, hours > 46, hours < 48]).toEqual([10, true, true]);
  });
});
