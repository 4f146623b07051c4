import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { systemScheduler, type IdSource } from '#libs/primitives';
import { WebSocketServer } from 'ws';
import { IDS, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { toProblem } from '../http/problem.filter.js';
import { Problem, retryLater } from '../http/problem.js';
import { RealtimeSockets } from './realtime-sockets.js';
import { refuseUpgrade, serveWithoutUpgrade } from './upgrade-answers.js';
import { UpgradeGate } from './upgrade-gate.js';

const PATH = '/v1/realtime';
const LONGEST_MESSAGE_BYTES = 4_096;
const AWAY_MS = 2_000;

/**
 * Opens WebSockets on the server of the API. Everything is decided before the upgrade, so that a refusal is an ordinary HTTP
 * answer. Why not by Nest's adapter: docs/decisions/0025.
 */
@Injectable()
export class RealtimeServer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('Realtime');
  private readonly webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Pings count as messages: each costs an answer, which a client need not read.
    autoPong: false,
    perMessageDeflate: false,
    maxPayload: LONGEST_MESSAGE_BYTES,
  });

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly gate: UpgradeGate,
    private readonly sockets: RealtimeSockets,
    @Inject(IDS) private readonly ids: IdSource,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role === 'worker') return;
    const server = this.adapterHost.httpAdapter.getHttpServer() as Server;
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (isWebSocket(request)) void this.upgrade(request, socket, head);
      else serveWithoutUpgrade(server, request, socket, head);
    });
  }

  /** Before the server waits for its connections to end: a socket never would by itself. */
  async onModuleDestroy(): Promise<void> {
    await this.sockets.drain(systemScheduler);
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const requestId = this.ids.next('req');
    const headers: Record<string, string> = {};
    const sink = { header: (name: string, value: string) => void (headers[name.toLowerCase()] = value) };
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    try {
      const session = await this.gate.admit(request, sink, (candidate) => {
        this.assertRoom(candidate);
        assertHandshake(request);
      });
      // Many may have been let in at once: this is where they are counted.
      this.sockets.assertRoom(session);
      socket.off('error', ignore);
      this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.sockets.add({ webSocket, connection: socket }, session);
        this.logger.log({ route: PATH, status: 101, requestId, keyId: session.keyId ?? undefined }, 'Opened.');
      });
    } catch (error) {
      const problem = toProblem(error);
      if (problem.status >= 500) this.logger.warn({ err: error, requestId }, 'A socket was refused.');
      else this.logger.log({ route: PATH, status: problem.status, requestId }, 'Refused a socket.');
      refuseUpgrade(socket, problem, { requestId, headers });
    }
  }

  private assertRoom(session: Parameters<RealtimeSockets['assertRoom']>[0]): void {
    if (this.sockets.isDraining) {
      throw retryLater('unavailable', 'This process is stopping. Connect again: another one takes you.', AWAY_MS);
    }
    this.sockets.assertRoom(session);
  }
}

function isWebSocket({ url = '', headers }: IncomingMessage): boolean {
  return /^\/v1\/realtime\/?(\?|$)/.test(url) && headers.upgrade?.toLowerCase() === 'websocket';
}

// Looked at before a ticket is used up; the library would refuse the same in words of its own.
function assertHandshake({ method, headers, httpVersion }: IncomingMessage): void {
  const key = headers['sec-websocket-key'];
  const version = headers['sec-websocket-version'];
  const isSound =
    method === 'GET' &&
    httpVersion === '1.1' &&
    key !== undefined &&
    /^[+/0-9A-Za-z]{22}==$/.test(key) &&
    (version === '13' || version === '8') &&
    /^[\w!#$%&'*+.^`|~-]*(, *[\w!#$%&'*+.^`|~-]+)*$/.test(headers['sec-websocket-protocol'] ?? '');
  if (isSound) return;
  throw new Problem('malformed_request', 'This is no WebSocket handshake of version 13 (RFC 6455).');
}
