import { ProtocolError } from "../errors.ts";

export const LIBCONFIG_DEPTH_MAX = 32;
export const LIBCONFIG_VALUES_MAX = 20_000;

export type ConfigValue = string | number | boolean | readonly ConfigValue[] | ConfigGroup;
export interface ConfigGroup {
  readonly [name: string]: ConfigValue;
}

const RULE = "libconfig";
const BLANK = /\s+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*/y;
const TOKEN =
  /("[^"\\]*(?:\\[\s\S][^"\\]*)*")|([A-Za-z*][\w*-]*)|([-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)L{0,2})|([{}[\]()=:;,])/y;

interface Token {
  readonly kind: "text" | "word" | "number" | "sign" | "end";
  readonly text: string;
}

/**
 * Reads a libconfig file, such as sw-description of SWUpdate. Includes are no part of it.
 *
 * @throws ProtocolError `libconfig`
 */
export function parseLibconfig(text: string): ConfigGroup {
  const parser = new Parser(text);
  return parser.settings("", 0);
}

class Parser {
  readonly #text: string;
  #token: Token;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#scan();
  }

  /** Settings until a sign; "" is the end of the text. */
  settings(until: string, depth: number): ConfigGroup {
    const group: Record<string, ConfigValue> = Object.create(null);
    while (!this.#is(until)) {
      const name = this.#take();
      if (name.kind !== "word") throw this.#broken(`"${name.text}" is no name`);
      const sign = this.#take();
      if (sign.text !== "=" && sign.text !== ":") throw this.#broken(`"${name.text}" has no value`);
      group[name.text] = this.#value(depth + 1);
      if (this.#is(";") || this.#is(",")) this.#take();
    }
    this.#take();
    return group;
  }

  #value(depth: number): ConfigValue {
    this.#values += 1;
    if (depth > LIBCONFIG_DEPTH_MAX || this.#values > LIBCONFIG_VALUES_MAX) {
      throw this.#broken("it has too many values, or too deep ones");
    }
    const { kind, text } = this.#take();
    if (kind === "text") return this.#joined(text);
    if (kind === "number") return Number(text.replace(/L+$/, ""));
    if (kind === "word" && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
    if (text === "{") return this.settings("}", depth);
    if (text === "[" || text === "(") return this.#list(text === "[" ? "]" : ")", depth);
    throw this.#broken(`"${text}" is no value`);
  }

  /** Texts that follow each other are one. */
  #joined(first: string): string {
    let text = unquoted(first);
    while (this.#token.kind === "text") text += unquoted(this.#take().text);
    return text;
  }

  #list(until: string, depth: number): readonly ConfigValue[] {
    const values: ConfigValue[] = [];
    while (!this.#is(until)) {
      values.push(this.#value(depth + 1));
      if (this.#is(",")) this.#take();
      else if (!this.#is(until)) throw this.#broken("a list has no end");
    }
    this.#take();
    return values;
  }

  #is(sign: string): boolean {
    const { kind, text } = this.#token;
    return sign === "" ? kind === "end" : kind === "sign" && text === sign;
  }

  #take(): Token {
    const token = this.#token;
    this.#token = token.kind === "end" ? token : this.#scan();
    return token;
  }

  #scan(): Token {
    this.#skipBlanks();
    if (this.#at === this.#text.length) return { kind: "end", text: "" };
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) throw this.#broken("there is something that is no word");
    this.#at = TOKEN.lastIndex;
    const [whole, text, word, number] = match;
    if (text !== undefined) return { kind: "text", text };
    if (word !== undefined) return { kind: "word", text: word };
    if (number !== undefined) return { kind: "number", text: number };
    return { kind: "sign", text: whole };
  }

  /** Step by step: one pattern over all of them would look back over each again and again. */
  #skipBlanks(): void {
    for (;;) {
      const start = this.#at;
      for (const pattern of [BLANK, LINE_COMMENT]) {
        pattern.lastIndex = this.#at;
        if (pattern.test(this.#text)) this.#at = pattern.lastIndex;
      }
      if (this.#text.startsWith("/*", this.#at)) {
        const end = this.#text.indexOf("*/", this.#at + 2);
        if (end < 0) throw this.#broken("a comment has no end");
        this.#at = end + 2;
      }
      if (this.#at === start) return;
    }
  }

  #broken(why: string): ProtocolError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new ProtocolError(RULE, `the description cannot be read: line ${line}: ${why}`);
  }
}

function unquoted(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f" };
  return text.slice(1, -1).replace(/\\([\s\S])/g, (_, after: string) => escapes[after] ?? after);
}
