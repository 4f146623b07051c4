export { findCurrencyDecimals, type Currency } from './currencies.js';
export { Money, MAX_MINOR, type MoneyFault } from './money.js';
export { findCallingCode, Msisdn } from './msisdn.js';
export { ManualTime, systemClock, systemScheduler, type Clock, type Scheduler } from './time.js';
export { createIdSource, firstIdAt, systemRandom, ID_LENGTH, type IdSource, type RandomBytes } from './ids.js';
