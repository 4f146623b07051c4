import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

type Created = (error: Error | null, stream: Duplex) => void;

/** Hears of the socket that is being opened for a request, so that giving up the request can close it. */
export const CONNECTING = Symbol('connecting');

/** The request options that reach an agent, with our own listener among them. */
export interface GatedOptions {
  [CONNECTING]?: (socket: Duplex) => void;
}

/**
 * Agents that hand a socket to its request only once it is open: connected, and for https with TLS agreed.
 * Node's own hand it over while it still connects and let the request buffer. With these, "the request got its
 * socket" is the one instant before which no byte of it can have left, whatever went wrong until then.
 */
export class GatedHttpAgent extends http.Agent {
  override createConnection(
    options: http.ClientRequestArgs & GatedOptions,
    callback?: Created,
  ): Duplex | null | undefined {
    return holdBack(super.createConnection(options), 'connect', options, callback);
  }
}

/** The same for https. */
export class GatedHttpsAgent extends https.Agent {
  override createConnection(
    options: https.RequestOptions & GatedOptions,
    callback?: Created,
  ): Duplex | null | undefined {
    return holdBack(super.createConnection(options), 'secureConnect', options, callback);
  }
}

function holdBack(
  socket: Duplex | null | undefined,
  openEvent: 'connect' | 'secureConnect',
  options: GatedOptions,
  callback: Created | undefined,
): Duplex | null | undefined {
  if (!socket || !callback) throw new TypeError('An agent opens one socket for one callback');
  let settled = false;
  const settle = (error: Error | null) => {
    if (settled) return;
    settled = true;
    callback(error, socket);
  };
  socket.once(openEvent, () => settle(null));
  // Stays: between the hand-over and the request's own listener an error would otherwise end the process.
  socket.on('error', settle);
  socket.once('close', () => settle(new Error('The socket closed before it was open')));
  options[CONNECTING]?.(socket);
  return undefined;
}
