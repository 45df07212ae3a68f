import type { Audit } from "../access/audit.ts";
import type { AppContext } from "./environment.ts";
import { needPrincipal } from "./identify.ts";

/** Writes down what the asking person or program has just done. */
export function recordAction(
  audit: Audit,
  c: AppContext,
  action: string,
  subject: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  return audit.record({
    by: needPrincipal(c),
    action,
    subject,
    details,
    address: c.get("address"),
  });
}
