import { Injectable } from '@nestjs/common';
import { systemScheduler } from '#libs/primitives';

/** How one dependency is. `degraded`: it works, less well. `facts` are for people, and hold no secret. */
export interface ProbeResult {
  readonly status: 'ok' | 'degraded' | 'down';
  readonly facts?: Readonly<Record<string, string | number | undefined>>;
}

/** How a feature tells of something it depends on. */
export interface HealthProbe {
  /** Without it no request can be served: where it is down, the process is not ready. */
  readonly isVital: boolean;
  /** May throw, which means `down`; one that takes longer than two seconds is `down` too. */
  check(): Promise<ProbeResult>;
}

/** What `/health/ready` answers. */
export interface Readiness {
  /** `degraded` still serves every request. */
  readonly status: 'ok' | 'degraded' | 'down';
  readonly dependencies: Readonly<Record<string, object>>;
}

const LONGEST_CHECK_MS = 2_000;

/** Where each feature registers what it depends on, by name, in the constructor of its module. */
@Injectable()
export class HealthProbes {
  private readonly probes = new Map<string, HealthProbe>();

  register(name: string, probe: HealthProbe): void {
    this.probes.set(name, probe);
  }

  /** Asks everybody at once. Never throws. */
  async check(): Promise<Readiness> {
    const asked = [...this.probes].map(async ([name, probe]) => ({
      name,
      isVital: probe.isVital,
      result: await inTime(probe),
    }));
    const answers = await Promise.all(asked);
    const isDown = answers.some(({ isVital, result }) => isVital && result.status === 'down');
    const isImpaired = answers.some(({ result }) => result.status !== 'ok');
    return {
      status: isDown ? 'down' : isImpaired ? 'degraded' : 'ok',
      dependencies: Object.fromEntries(
        answers.map(({ name, result }) => [name, { status: result.status, ...result.facts }]),
      ),
    };
  }
}

async function inTime(probe: HealthProbe): Promise<ProbeResult> {
  let cancel: () => void = () => undefined;
  const tooLate = new Promise<ProbeResult>((resolve) => {
    cancel = systemScheduler.after(LONGEST_CHECK_MS, () => resolve({ status: 'down' }));
  });
  try {
    return await Promise.race([probe.check(), tooLate]);
  } catch {
    return { status: 'down' };
  } finally {
    cancel();
  }
}
