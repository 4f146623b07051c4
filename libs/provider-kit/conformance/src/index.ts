import { Bench } from './bench.js';
import type { Check, Subject } from './check.js';
import { listChecks } from './checks.js';
import { ReportWriter } from './report.js';
import type { Stage } from './stage.js';

/** One provider may be played on several stages (a paybill and a till): their results go into one report. */
const reports = new Map<string, ReportWriter>();

/**
 * Runs the rules that hold for every adapter, over real HTTP against its simulator, and notes the results in
 * `$CONFORMANCE_REPORT/<provider>.json` where that names a folder. Capabilities that are absent are not asked for.
 */
export function describeProvider<Credentials, Settings>(
  stage: Stage<Credentials, Settings>,
  { reportFolder = process.env['CONFORMANCE_REPORT'] }: { readonly reportFolder?: string | null } = {},
): void {
  const bench = new Bench(stage);
  const provider = bench.connect();
  const report = reports.get(stage.definition.id) ?? new ReportWriter(stage.definition, provider);
  reports.set(stage.definition.id, report);

  describe(`${stage.definition.id} conforms`, () => {
    beforeAll(() => bench.open());
    afterAll(async () => {
      await bench.close();
      if (reportFolder) await report.write(reportFolder);
    });

    for (const [subject, checks] of groupBySubject(listChecks(stage, provider))) {
      describe(subject, () => {
        it.each(checks.map((check) => [check.name, check] as const))('%s', (_, check) =>
          report.record(check, () => runCheck(bench, check)),
        );
      });
    }
  });
}

/** Runs one check on a bench that was put back to its beginning. */
export async function runCheck(bench: Bench, check: Check): Promise<void> {
  await bench.reset();
  await check.run(bench);
}

function groupBySubject(checks: readonly Check[]): Map<Subject, Check[]> {
  const groups = new Map<Subject, Check[]>();
  for (const check of checks) groups.set(check.subject, [...(groups.get(check.subject) ?? []), check]);
  return groups;
}

export { empty, html, json } from './replies.js';
export { Bench } from './bench.js';
export type { Check, Subject } from './check.js';
export { listChecks } from './checks.js';
export type { Fault, Reply, WireRequest } from './fault-proxy.js';
export type { CapabilityResult, ConformanceReport } from './report.js';
export type {
  Arrival,
  CallbackSample,
  CallbackStage,
  Control,
  InquiryStage,
  MovementName,
  MovementStage,
  Order,
  OtpStage,
  RunningSimulator,
  Situation,
  Stage,
  TokenStage,
} from './stage.js';
