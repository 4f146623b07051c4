export { mpesa } from './provider.js';
