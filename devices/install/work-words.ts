/**
 * What an agent says of its work, in the one line of text that a fact keeps: written where it comes in or is
 * made, read again where people look at it.
 */

/** What became of one step. */
export interface StepWords {
  /** In the package, from 0. */
  readonly index: number;
  readonly kind: string;
  readonly exitCode: number | null;
  /** In the device's own words, the end of what the program wrote among them. */
  readonly text: string | null;
}

/** Such as `step 3, Run: exit code 5: no licence`. */
export function stepText({ index, kind, exitCode, text }: StepWords): string {
  const parts = [
    `step ${index + 1}, ${kind}`,
    ...(exitCode === null ? [] : [`exit code ${exitCode}`]),
    ...(text === null || text === "" ? [] : [text]),
  ];
  return parts.join(": ");
}

const STEP = /^step (\d{1,5}), ([A-Za-z]+)(?:: exit code (-?\d+))?(?:: ([\s\S]*))?$/;

/** Undefined for what says nothing of a step. */
export function readStepText(words: string): StepWords | undefined {
  const [, number, kind, code, text] = STEP.exec(words) ?? [];
  if (number === undefined || kind === undefined) return undefined;
  return {
    index: Number(number) - 1,
    kind,
    exitCode: code === undefined ? null : Number(code),
    text: text ?? null,
  };
}

/** Such as `metric 1: \a is not there; metric 3: \b has 5 bytes, wanted EQ 6`. [PROTOCOL 5.7] */
export function unmetText(
  unmet: readonly { readonly metric: number; readonly reason: string }[],
): string {
  return unmet.map(({ metric, reason }) => `metric ${metric}: ${reason}`).join("; ");
}

/** Why metrics do not hold, by their numbers; empty for what says nothing of metrics. */
export function readUnmet(words: string): ReadonlyMap<number, string> {
  const parts = words.split(/(?:^|; )metric (\d{1,9}): /);
  const unmet = new Map<number, string>();
  for (let at = 1; at + 1 < parts.length; at += 2) {
    unmet.set(Number(parts[at]), parts[at + 1] ?? "");
  }
  return unmet;
}
