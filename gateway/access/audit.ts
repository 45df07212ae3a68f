import { cutText } from "../../devices/model/cut-text.ts";
import type { AccessStore, AuditEntry, AuditQuery } from "./access-store.ts";
import { nameOf, type Principal } from "./principal.ts";

/** Longer texts in the details of an entry are cut. */
const DETAIL_LENGTH_MAX = 500;
const DETAILS_MAX = 40;
const SECRET_NAME = /password|secret|token$|^code$|csrf|certificateSearchCriteria/i;

export interface AuditedAction {
  /** `system` for what nobody in particular did, such as the command line. */
  readonly by: Principal | "system";
  readonly action: string;
  readonly subject: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly address: string;
}

/** The log of administrative actions. Append-only; secrets are left out whoever passes them. */
export class Audit {
  readonly #store: AccessStore;
  readonly #now: () => number;

  constructor(store: AccessStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async record({ by, action, subject, details = {}, address }: AuditedAction): Promise<void> {
    await this.#store.appendAudit({
      atMs: this.#now(),
      by: by === "system" ? by : nameOf(by),
      action,
      subject: cutText(subject, DETAIL_LENGTH_MAX),
      details: withoutSecrets(details),
      address,
    });
  }

  list(query: AuditQuery): Promise<readonly AuditEntry[]> {
    return this.#store.audit(query);
  }
}

function withoutSecrets(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(details).slice(0, DETAILS_MAX);
  return Object.fromEntries(
    kept.map(([name, value]) => {
      if (SECRET_NAME.test(name) && value !== null) return [name, "[not kept]"];
      return [name, shortened(value)];
    }),
  );
}

function shortened(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length <= DETAIL_LENGTH_MAX ? text : `${cutText(text, DETAIL_LENGTH_MAX)}…`;
}
