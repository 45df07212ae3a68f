/** What the shell gets. Printed by `outpost --help`; scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** The command could not be carried out. */
  failed: 1,
  /** Wrong arguments or configuration: nothing was done. */
  usage: 2,
  /** The command was carried out and its answer is "no": not ready, problems found, not equal. */
  negative: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP =
  "Exit codes: 0 done; 1 failed; 2 wrong arguments or configuration; 3 done, and the answer is no.";
