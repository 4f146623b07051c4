import type { BalanceInquiry, MoneyMovement, Provider, SentAttempt, SubmissionOutcome } from '#libs/provider-kit';

/** Told of each call to a provider: what was asked, what came of it, how long it took. */
export type CallObserver = (operation: string, outcome: string, durationMs: number) => void;

/** The same provider, with each call that leaves us observed. Answers and errors pass through untouched. */
export function observeProvider(provider: Provider, observe: CallObserver): Provider {
  const watch = watchWith(observe);
  const movement = (name: string, moves: MoneyMovement): MoneyMovement => ({
    ...moves,
    submit: watch(`${name}.submit`, (...given: Parameters<MoneyMovement['submit']>) => moves.submit(...given)),
    inquire: watch(`${name}.inquire`, (...given: Parameters<MoneyMovement['inquire']>) => moves.inquire(...given)),
    // Present means supported: what the provider does not offer must not appear.
    ...(moves.identify && { identify: watch(`${name}.identify`, moves.identify.bind(moves)) }),
    ...(moves.submitOtp && {
      submitOtp: watch(`${name}.submit_otp`, (attempt: SentAttempt, otp: string) => submitOtp(moves, attempt, otp)),
    }),
  });
  const { collections, payouts, reversals, links, balance } = provider;
  return {
    ...provider,
    ...(collections && { collections: movement('collections', collections) }),
    ...(payouts && { payouts: movement('payouts', payouts) }),
    ...(reversals && { reversals: movement('reversals', reversals) }),
    ...(links && {
      links: {
        ...links,
        create: watch('links.create', (...given: Parameters<typeof links.create>) => links.create(...given)),
        inquire: watch('links.inquire', (...given: Parameters<typeof links.inquire>) => links.inquire(...given)),
      },
    }),
    ...(balance && {
      balance: { ...balance, read: watch('balance.read', (urls: Urls) => balance.read(urls)) },
    }),
    check: watch('check', () => provider.check()),
  };
}

type Urls = Parameters<BalanceInquiry['read']>[0];

function submitOtp(moves: MoneyMovement, attempt: SentAttempt, otp: string): Promise<SubmissionOutcome> {
  if (!moves.submitOtp) throw new TypeError('This provider asks for no code.');
  return moves.submitOtp(attempt, otp);
}

function watchWith(observe: CallObserver) {
  return <Given extends readonly unknown[], Answer extends { readonly kind: string }>(
      operation: string,
      call: (...given: Given) => Promise<Answer>,
    ) =>
    async (...given: Given): Promise<Answer> => {
      const startedAt = performance.now();
      let outcome = 'error';
      try {
        const answer = await call(...given);
        outcome = answer.kind;
        return answer;
      } finally {
        observe(operation, outcome, performance.now() - startedAt);
      }
    };
}
