import type { WireRequest } from './fault-proxy.js';

/** Every value of a JSON document with its path, as texts. */
export function listLeaves(value: unknown, path = ''): [string, string][] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null)
    return [[path, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]];
  return Object.entries(value).flatMap(([key, item]) => listLeaves(item, path === '' ? key : `${path}.${key}`));
}

/** Everything that a request says, one value a line: its body, its headers and its path. */
export function listValues(request: WireRequest | undefined): string {
  if (!request) throw new Error('No such request reached the provider');
  const values = [...listLeaves(request.json).map(([, value]) => value), ...Object.values(request.headers)];
  return [...values, decodeURIComponent(request.path)].join('\n');
}
