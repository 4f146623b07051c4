import type { PageView } from './view.js';

/** The page's address in the language of the visit. */
export function toPagePath({ path, locale, isSwitched }: Pick<PageView, 'path' | 'locale' | 'isSwitched'>): string {
  return isSwitched ? `${path}?lang=${locale}` : path;
}
