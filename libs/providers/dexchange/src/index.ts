export { dexchange } from './provider.js';
