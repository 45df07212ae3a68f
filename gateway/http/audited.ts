import { AppError } from "../../devices/model/errors.ts";
import type { Accounts, LoggedIn } from "../access/accounts.ts";
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

/**
 * Logs somebody in, and writes into the audit log how it went. An attempt that has to wait is not looked
 * at, and not written down: whoever guesses must not be able to fill the disk.
 *
 * @throws AppError as `Accounts.login`
 */
export async function auditedLogin(
  accounts: Accounts,
  audit: Audit,
  {
    name,
    password,
    address,
  }: { readonly name: string; readonly password: string; readonly address: string },
): Promise<LoggedIn> {
  try {
    const done = await accounts.login(name, password, address);
    const { principal } = done;
    await audit.record({ by: principal, action: "login", subject: principal.name, address });
    return done;
  } catch (error) {
    if (error instanceof AppError && error.code === "unauthorized") {
      await audit.record({ by: "system", action: "login.failed", subject: name, address });
    }
    throw error;
  }
}
