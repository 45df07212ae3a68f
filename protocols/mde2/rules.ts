import { ProtocolError } from "../errors.ts";

/**
 * What a request of Windows enrolment may break, besides the rules of XML. Each is answered with one
 * kind of fault. [MS-MDE2 2.2.10]
 */
export const RULES = {
  "soap-envelope": "MessageFormat",
  "soap-action": "MessageFormat",
  "soap-body": "MessageFormat",
  "mde2-value": "MessageFormat",
  "mde2-too-many-items": "MessageFormat",
  "mde2-security": "InvalidSecurity",
  "mde2-certificate-request": "CertificateRequest",
  "mde2-weak-key": "CertificateRequest",
  "mde2-signature": "CertificateRequest",
} as const;

export type Rule = keyof typeof RULES;

/** A ProtocolError that names one of the rules above. */
export function broken(rule: Rule, message: string, cause?: unknown): ProtocolError {
  return new ProtocolError(rule, message, { cause });
}

export function isRule(rule: string): rule is Rule {
  return Object.hasOwn(RULES, rule);
}
