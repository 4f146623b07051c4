import type { CallbackMessage } from './contract.js';
import { namesKnownId, type KnownIds } from './path-trust.js';

const known: KnownIds = {
  attemptId: 'att_1',
  references: { providerReference: 'AG_1', others: { OriginatorConversationID: 'gw_1' } },
  asked: [{ providerReference: 'AG_q', others: { OriginatorConversationID: 'gw_q' } }],
};

const about = (message: Partial<CallbackMessage>): CallbackMessage => ({
  report: { kind: 'succeeded' },
  references: {},
  ...message,
});

it.each<[string, Partial<CallbackMessage>, boolean]>([
  ['our id in its own field', { attemptId: 'att_1' }, true],
  ['our id among theirs', { references: { others: { OriginatorConversationID: 'att_1' } } }, true],
  ['their id', { references: { providerReference: 'AG_1' } }, true],
  ['their other id, the first unknown', { references: { providerReference: 'AG_2', others: { id: 'gw_1' } } }, true],
  ['the id of a question', { inquiry: { others: { OriginatorConversationID: 'gw_q' } } }, true],
  ['nothing', {}, false],
  ['an empty question', { inquiry: {} }, false],
  [
    'ids of others',
    { attemptId: 'att_2', references: { providerReference: 'AG_2' }, inquiry: { providerReference: 'AG_3' } },
    false,
  ],
  ['the id of a question as its own', { references: { providerReference: 'AG_q' } }, false],
  ['its own id as that of a question', { inquiry: { providerReference: 'AG_1' } }, false],
])('a message that names %s', (_, message, expected) => {
  expect(namesKnownId(about(message), known)).toBe(expected);
});

it('without anything learned only our own id is known', () => {
  const bare = { attemptId: 'att_1', references: {} };
  expect(namesKnownId(about({ references: { providerReference: 'AG_1' } }), bare)).toBe(false);
  expect(namesKnownId(about({ references: { others: { any: 'att_1' } } }), bare)).toBe(true);
});
