/** Where a command writes, and what that place can show. Given as a value, so tests can read along. */
export interface Terminal {
  /** Writes a line of output: data, for pipes. */
  readonly out: (line: string) => void;
  /** Writes a line for people: progress, hints, problems. */
  readonly err: (line: string) => void;
  /** Overwrites the current line for people; only called when `isTty`. */
  readonly overwrite: (text: string) => void;
  /** Somebody watches, so progress may move. */
  readonly isTty: boolean;
  readonly columns: number;
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is piped in. */
  readonly input: () => ReadableStream<Uint8Array>;
  /** Asks for a secret without showing it; undefined when nobody can be asked. */
  readonly askSecret: (question: string) => Promise<string | undefined>;
}

type Style = "bold" | "dim" | "red" | "green" | "yellow";

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

export function styled(terminal: Pick<Terminal, "color">, style: Style, text: string): string {
  const [on, off] = CODES[style];
  return terminal.color ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** The terminal of this process. Colour: not with --no-color, NO_COLOR, or into a pipe. */
export function processTerminal(
  env: Terminal["env"],
  options: { readonly color: boolean },
): Terminal {
  const isTty = process.stderr.isTTY === true;
  // Whoever reads along may stop, as `head` does: the rest is for nobody.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    overwrite: (text) => void process.stderr.write(`\r\u001b[K${text}`),
    isTty,
    columns: process.stderr.columns || 80, // Some terminals say 0.
    color: options.color && process.stdout.isTTY === true && !env.NO_COLOR,
    env,
    input: () => Bun.stdin.stream(),
    askSecret: async (question) => {
      if (!isTty || process.stdin.isTTY !== true) return undefined;
      const { isCancel, password } = await import("@clack/prompts");
      const answer = await password({ message: question });
      return isCancel(answer) ? undefined : answer;
    },
  };
}
