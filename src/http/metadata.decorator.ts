import { IsTextMap } from './text-map.decorator.js';

/** Data of the client's own, echoed in answers and events: at most 50 short names with text values. */
export function IsMetadata(): PropertyDecorator {
  return IsTextMap({
    name: 'metadata',
    description:
      'Your own data, echoed in events: at most 50 names of at most 40 characters, with text of at most 500.',
    example: { orderId: '118' },
    mostKeys: 50,
    longestName: 40,
    longestValue: 500,
  });
}
