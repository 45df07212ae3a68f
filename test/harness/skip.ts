import { test } from "bun:test";

/**
 * `test`, or, when something is missing on this machine, `test.skip` with the reason in its name:
 * `scripts/test.mjs` lists the skipped tests at the end, so nothing is left out in silence.
 * `missing` says what is missing and which command would enable it; undefined runs the test.
 */
export function testUnless(missing: string | undefined) {
  return (name: string, body: () => void | Promise<void>, timeoutMs?: number): void => {
    if (missing === undefined) test(name, body, timeoutMs);
    else test.skip(`${name} [skipped: ${missing}]`, body);
  };
}
