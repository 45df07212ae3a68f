/**
 * The sender's bytes are wrong: malformed, over a limit, or against the specification.
 *
 * `rule` names the rule that was broken (a stable kebab-case word such as `xml-doctype`), so that
 * an answer, a log line and a test can all name it.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly rule: string;

  constructor(rule: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.rule = rule;
  }
}
