/** A simulator that listens, as far as its process cares. */
interface Running {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/**
 * A simulator as a process of its own: says on one line of standard output where it listens, or on standard error why
 * it does not; ends on SIGTERM, SIGINT, and when the parent's channel closes.
 */
export function runSimulator(name: string, start: () => Promise<Running>): void {
  const run = async (): Promise<void> => {
    const simulator = await start();
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      // Not exit(0) at once: what was promised is still being written.
      simulator.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // Started by a parent with a channel: its end is ours, however it came, and were it before we listened.
    process.on('disconnect', stop);
    if (process.send !== undefined && !process.connected) return stop();
    process.stdout.write(`${JSON.stringify({ ready: true, simulator: name, baseUrl: simulator.baseUrl })}\n`);
  };
  run().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${JSON.stringify({ ready: false, error: reason })}\n`);
    process.exit(1);
  });
}
