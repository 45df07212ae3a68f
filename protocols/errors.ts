/** Characters of what is said of a mistake: it is answered, logged and kept. */
export const PROBLEM_CHARACTERS_MAX = 500;
/** Characters of what the sender wrote that are quoted in it. */
const QUOTED_CHARACTERS_MAX = 100;

/** The beginning of a text, never half a character. */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const end = charactersMax - 1;
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, isHalf ? end - 1 : end)}…`;
}

/** What the sender wrote, as it is quoted in a message: senders write as much as they like. */
export function quoted(text: string): string {
  return cut(text, QUOTED_CHARACTERS_MAX);
}

/**
 * The sender's bytes are wrong: malformed, over a limit, or against the specification.
 *
 * `rule` names the rule that was broken (a stable kebab-case word such as `xml-doctype`), so that
 * an answer, a log line and a test can all name it. Of a longer message only the beginning is kept.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly rule: string;

  constructor(rule: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(cut(message, PROBLEM_CHARACTERS_MAX), { cause: options.cause });
    this.rule = rule;
  }
}
