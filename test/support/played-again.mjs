// End-to-end tests move time by hand while real servers and, on MySQL, three applications answer in real time. Where the
// machine stalls, a lease can lapse under a worker that only had no turn, and the test fails for that. Such a test is played
// once more, and the log shows the first failure: twice in a row is a fault.
import { expect, jest } from '@jest/globals';

if (expect.getState().testPath?.includes('/test/e2e/')) jest.retryTimes(1, { logErrorsBeforeRetry: true });
