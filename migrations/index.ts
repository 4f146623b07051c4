import { Foundation1795334400000 } from './1795334400000-foundation.js';
import { SurfaceIndices1795507200000 } from './1795507200000-surface-indices.js';

/** Every migration, oldest first. Never edited once landed. */
export const MIGRATIONS = [Foundation1795334400000, SurfaceIndices1795507200000];
