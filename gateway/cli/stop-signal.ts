const REPEAT_MS = 2_000;

/**
 * Aborts at the first SIGINT or SIGTERM. A supervisor may send the same signal to a whole group, so
 * that it arrives twice: repeats within two seconds are one. A later one ends the process at once, for
 * the person who does not want to wait for what is being finished.
 */
export function stopSignal(now: () => number): AbortSignal {
  const stop = new AbortController();
  let firstMs = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      firstMs = now();
      stop.abort();
    } else if (now() - firstMs > REPEAT_MS) {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
      process.kill(process.pid, signal);
    }
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
  return stop.signal;
}
