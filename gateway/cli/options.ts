import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { Terminal } from "./terminal.ts";

/** A whole number given as `--name`. Throws a usage error that says what would be right. */
export function readWholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new CommandError(
    `--${name} is "${text}": write a whole number from ${min} to ${max}.`,
    EXIT.usage,
  );
}

/** An http address without the slash at its end. */
export function siteUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ["http:", "https:"].includes(url.protocol)) {
    return text.replace(/\/+$/, "");
  }
  throw new CommandError(
    `"${text}" is no address: write one such as http://127.0.0.1:8080.`,
    EXIT.usage,
  );
}

/**
 * The API token: from the file that was named, else from OUTPOST_TOKEN, else asked for. Never from the
 * command line, which every user of the machine can read.
 */
export async function tokenOf(path: string | undefined, terminal: Terminal): Promise<string> {
  if (path !== undefined) {
    const file = Bun.file(path);
    if (!(await file.exists())) throw new CommandError(`${path} does not exist.`, EXIT.usage);
    return (await file.text()).trim();
  }
  const token = terminal.env.OUTPOST_TOKEN ?? (await terminal.askSecret("API token"));
  if (token !== undefined && token !== "") return token;
  throw new CommandError(
    'An API token is needed: put it into OUTPOST_TOKEN or a file. The console makes one under "API tokens".',
    EXIT.usage,
  );
}
