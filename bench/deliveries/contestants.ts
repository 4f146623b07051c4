import type { Deliverer, DelivererPlace } from './deliverer.js';
import { startFloor } from './floor.js';
import { startGatewayDeliverer } from './gateway.js';

/** Who delivers. */
export interface Contestant {
  readonly name: string;
  readonly title: string;
  readonly needs: 'mysql' | 'redis' | 'nothing';
  readonly start: (place: DelivererPlace) => Promise<Deliverer>;
}

/** Everybody that `npm run bench -- deliveries` compares; the floor comes first. */
export const CONTESTANTS: readonly Contestant[] = [
  { name: 'floor', title: 'Bull + axios, nothing durable (**floor**)', needs: 'redis', start: startFloor },
  { name: 'mysql-gateway', title: 'Malipo on MySQL', needs: 'mysql', start: startGatewayDeliverer },
  { name: 'sqlite-gateway', title: 'Malipo on SQLite', needs: 'nothing', start: startGatewayDeliverer },
];

export function getContestant(name: string): Contestant {
  const found = CONTESTANTS.find((contestant) => contestant.name === name);
  if (!found)
    throw new Error(`There is no contestant ${name}; there are ${CONTESTANTS.map((c) => c.name).join(', ')}.`);
  return found;
}
