import { AppError } from "../../devices/model/errors.ts";
import { millisecondsOf } from "../../devices/model/hlc.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import type { PolicyBook } from "../../sync/policy/policy-book.ts";
import type { OverrideView } from "../../sync/policy/project.ts";
import type { QuarantinedFrame } from "../../sync/ports/hub-store.ts";
import type { PolicyKind } from "../../sync/ports/policy-author.ts";
import type { OutpostDatabase } from "../db/database.ts";
import { type QuarantinedRow, QuarantineStore } from "../db/stores/quarantine-store.ts";
import type {
  HubOversight,
  OverrideSummary,
  QuarantinedFrameSummary,
  RefusedRecord,
} from "../http/use-cases.ts";
import type { SiteFreshness } from "../reports/freshness.ts";

export interface OversightDeps {
  readonly book: PolicyBook;
  readonly policy: PolicyReader;
  readonly database: Pick<OutpostDatabase, "db" | "writer">;
  readonly siteOf: (id: SiteId) => Pick<SiteFreshness, "name">;
  readonly takeAgain: (frame: QuarantinedFrame) => Promise<void>;
}

/** The sites' own words, what was not taken from them, and frames that failed a check. */
export function hubOversight({
  book,
  database,
  policy,
  siteOf,
  takeAgain,
}: OversightDeps): HubOversight {
  const quarantine = new QuarantineStore(database);
  const named = (row: QuarantinedRow): QuarantinedFrameSummary => ({
    ...row,
    siteName: siteOf(row.site).name,
  });
  return {
    overrides: async () =>
      book.overrides
        .map((override) => overrideSummary(override, policy.read(), siteOf))
        .sort((a, b) => b.atMs - a.atMs || (a.site + a.id < b.site + b.id ? -1 : 1)),
    revokeOverride: (site, kind, id, by) => book.revokeOverride(site, kind, id, by),
    quarantined: async (query) => {
      const { next, rows, total } = quarantine.list(query);
      return { next, total, rows: rows.map(named) };
    },
    quarantinedFrame: async (id) => {
      const found = quarantine.find(id);
      if (!found) return undefined;
      const { frame, ...row } = found;
      return { summary: named(row), frame };
    },
    dismissFrame: (id) => quarantine.dismiss(id),
    takeFrameAgain: async (id) => {
      const found = quarantine.find(id);
      if (!found) throw new AppError("not-found", `no frame ${id} in quarantine`);
      await takeAgain(found);
      return named(found);
    },
    refusedRecords: (): readonly RefusedRecord[] =>
      book.problems.map(({ id, kind, origin, reason }) => ({ id, kind, origin, reason })),
  };
}

function overrideSummary(
  override: OverrideView,
  policy: Policy,
  siteOf: OversightDeps["siteOf"],
): OverrideSummary {
  const { author, base, hub, id, isBaseCurrent, kind, state } = override;
  const site = override.site as SiteId;
  return {
    site,
    siteName: siteOf(site).name,
    kind,
    id,
    name: nameOf(kind, id, policy),
    author,
    atMs: millisecondsOf(override.hlc),
    base,
    isBaseCurrent,
    state,
    fields: Object.entries(override.fields).map(([name, value]) => ({
      name,
      site: withoutSecret(value),
      hub: withoutSecret(hub[name] ?? null),
    })),
  };
}

function nameOf(kind: PolicyKind, id: string, policy: Policy): string {
  switch (kind) {
    case "distribution": {
      const app = policy.distributions.find((one) => one.id === id)?.package;
      const name = app && policy.packages.get(app)?.name;
      return name === undefined ? id : `${name} (${id})`;
    }
    case "window":
      return policy.windows.find((one) => one.id === id)?.name ?? id;
    case "setting":
      return "Enterprise enrolment";
    case "package":
    case "revision":
    case "group":
      return id;
  }
}

/** In a document a secret that is set is a mark. */
function withoutSecret(value: unknown): unknown {
  return typeof value === "object" && value !== null && "$secret" in value ? true : value;
}
