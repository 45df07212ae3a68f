/** What a program can be told, each as one argument or as a part of one. */
export const PLACEHOLDERS = ["address", "device", "session", "notification", "push"] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

const PLACE = /\{([a-z]+)\}/g;

/** A program with its arguments, in which `{address}` and the like are filled in. */
export class CommandTemplate {
  readonly program: string;
  readonly #args: readonly string[];
  readonly #text: string;

  private constructor(program: string, args: readonly string[], text: string) {
    this.program = program;
    this.#args = args;
    this.#text = text;
  }

  /**
   * Reads words between blanks, or a JSON list of texts where an argument has blanks in it. There are
   * no quotes, variables or other signs of a shell. Throws an Error that finishes the sentence
   * "OUTPOST_NOTIFY_COMMAND …".
   */
  static read(text: string): CommandTemplate {
    const [program = "", ...args] = text.trim().startsWith("[") ? readList(text) : wordsOf(text);
    if (program === "") throw new Error("is empty: give it a value or remove it");
    if (placeholdersIn(program).length > 0) throw new Error("must name its program without { }");
    const known: readonly string[] = PLACEHOLDERS;
    for (const name of args.flatMap(placeholdersIn)) {
      if (known.includes(name)) continue;
      const all = PLACEHOLDERS.map((one) => `{${one}}`).join(", ");
      throw new Error(`has {${name}}: what can be filled in is ${all}`);
    }
    return new CommandTemplate(program, args, text.trim());
  }

  /** Is it run once for each address? */
  get namesAddress(): boolean {
    return this.#args.some((arg) => placeholdersIn(arg).includes("address"));
  }

  argsWith(values: Readonly<Record<Placeholder, string>>): string[] {
    const all = new Map<string, string>(Object.entries(values));
    return this.#args.map((arg) => arg.replace(PLACE, (place, name) => all.get(name) ?? place));
  }

  toString(): string {
    return this.#text;
  }
}

function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(PLACE)].map(([, name = ""]) => name);
}

function wordsOf(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

function readList(text: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
  } catch {
    // It is said below what it should be.
  }
  throw new Error('is no JSON list of texts: write ["/usr/local/bin/wake", "{address}", "{push}"]');
}
