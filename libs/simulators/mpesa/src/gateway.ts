import { html, json, type Answer } from '#libs/simulators/kit';
import { refusal } from './answers.js';
import type { OrderApi } from './faults.js';
import type { World } from './world.js';

export type Scope = 'oauth' | 'push' | 'query' | OrderApi;

/** What the machines in front of the API do to a call before it is looked at, if they do anything. */
export function strikeGateway(world: World, scope: Scope): Answer | 'cut' | undefined {
  const { faults, ids } = world;
  const struck = faults.get('gatewayScope');
  if (struck !== 'all' && struck !== scope) return undefined;
  const throttled = Number(faults.get('throttleStatus'));
  if (faults.strikes('requestLost')) return 'cut';
  if (faults.strikes('firewall403')) return toFirewallPage();
  if (faults.strikes('badGateway')) return toBadGateway(world);
  if (faults.strikes('apigeeFault')) return toApigeeFault();
  const id = ids.merchantRequestId();
  if (faults.strikes('spikeArrest'))
    return refusal(throttled, '500.003.02', 'Error Occurred: Spike Arrest Violation', id);
  if (faults.strikes('systemBusy'))
    return refusal(throttled, '500.003.02', 'System is busy. Please try again in few minutes.', id);
  if (faults.strikes('quotaViolation')) return refusal(throttled, '500.003.03', 'Quota Violation', id);
  if (faults.strikes('maintenance')) return refusal(503, '00.002.1001', 'Service is currently under maintenance', id);
  if (faults.strikes('internalError')) return refusal(500, '500.003.1001', 'Internal Server Error', id);
  return undefined;
}

/** How long the answer to this call is kept back. */
export function drawDelayMs({ faults }: World, scope: Scope): number {
  const struck = faults.get('gatewayScope');
  return (struck === 'all' || struck === scope) && faults.strikes('slowAnswer') ? faults.get('slowAnswerMs') : 0;
}

/** The web application firewall's page (§1.2). */
export function toFirewallPage(): Answer {
  return html(
    403,
    '<html><head><META NAME="robots" CONTENT="noindex,nofollow"></head><body>Request unsuccessful. ' +
      'Incapsula incident ID: 1234000560078910234-56780091234567890</body></html>\n',
  );
}

export function toBadGateway({ faults }: World): Answer {
  const status = Number(faults.get('badGatewayStatus'));
  const reason = { 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Time-out' }[status] ?? 'Error';
  return html(
    status,
    `<html><head><title>${status} ${reason}</title></head><body><h1>${status} ${reason}</h1></body></html>\n`,
  );
}

/** What Apigee says by itself, in a shape of its own. */
export function toApigeeFault(): Answer {
  const faultstring = 'Unable to identify proxy for host: secure and url: /';
  return json(404, {
    fault: { faultstring, detail: { errorcode: 'messaging.adaptors.http.flow.ApplicationNotFound' } },
  });
}
