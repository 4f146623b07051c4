export { moneroo } from './provider.js';
