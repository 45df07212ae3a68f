import type { Terminal } from "./terminal.ts";

const BAR_COLUMNS_MAX = 40;

/** How far something is: a moving bar for people, nothing for pipes and logs. */
export interface Progress {
  /** `done` of `total`; a total of 0 is not known yet. */
  update(done: number, total: number, text: string): void;
  /** Removes the bar. */
  end(): void;
}

export function showProgress(terminal: Terminal): Progress {
  if (!terminal.isTty) return { update: () => undefined, end: () => undefined };
  return {
    update: (done, total, text) => terminal.overwrite(progressText(terminal, done, total, text)),
    end: () => terminal.overwrite(""),
  };
}

/** `[#####.....]  50% text`, cut to the width of the terminal. */
export function progressText(
  { columns }: Pick<Terminal, "columns">,
  done: number,
  total: number,
  text: string,
): string {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const width = Math.min(BAR_COLUMNS_MAX, Math.max(10, columns - 40));
  const filled = Math.round(share * width);
  const bar = `[${"#".repeat(filled)}${".".repeat(width - filled)}]`;
  const percent = `${Math.round(share * 100)}%`.padStart(4);
  return `${bar} ${percent} ${text}`.slice(0, Math.max(20, columns - 1));
}
