import type { Terminal } from "../../../gateway/cli/terminal.ts";

/** A terminal that remembers what was written. */
export function fakeTerminal(changes: Partial<Terminal> = {}) {
  const lines = { out: [] as string[], err: [] as string[], over: [] as string[] };
  const terminal: Terminal = {
    out: (line) => lines.out.push(line),
    err: (line) => lines.err.push(line),
    overwrite: (text) => lines.over.push(text),
    isTty: false,
    columns: 80,
    color: false,
    env: {},
    input: () => new Response("").body ?? new ReadableStream(),
    askSecret: async () => undefined,
    ...changes,
  };
  return { terminal, lines };
}
