import { Foundation1795334400000 } from './1795334400000-foundation.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [Foundation1795334400000];
