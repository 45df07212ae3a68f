import { AppError } from "../../../devices/model/errors.ts";
import { parseSiteId } from "../../../devices/model/ids.ts";
import { OVERRIDE_STATES, type OverrideState } from "../../../sync/policy/override.ts";
import { POLICY_KINDS, type PolicyKind } from "../../../sync/ports/policy-author.ts";
import { recordAction } from "../../http/audited.ts";
import type { OverrideSummary, SiteSummary } from "../../http/use-cases.ts";
import { Action } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Pager } from "../components/pager.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { url, type View, whyNot } from "../view.ts";

const ROWS_SHOWN = 50;

const STATES: Readonly<
  Record<OverrideState, { kind: "good" | "plain" | "warn"; label: string; meaning: string }>
> = {
  effective: { kind: "good", label: "Holds", meaning: "It holds at the site." },
  overtaken: {
    kind: "plain",
    label: "Overtaken",
    meaning: "The hub changed the record since: its newer decision holds.",
  },
  revoked: { kind: "warn", label: "Revoked", meaning: "The hub's record holds." },
};

/** At the hub: what sites say of its records, who, when, against what; and taking it back. */
export function overridePages(kit: Kit): void {
  const { deps } = kit;
  const { hub, oversight } = deps;
  if (!hub || !oversight) return;

  kit.page("/overrides", async ({ c, view }) => {
    const query = {
      site: parseSiteId(c.req.query("site") ?? ""),
      state: OVERRIDE_STATES.find((one) => one === c.req.query("state")),
    };
    const [all, sites] = await Promise.all([oversight.overrides(), hub.sites()]);
    const wanted = all.filter(
      (one) =>
        (query.site === undefined || one.site === query.site) &&
        (query.state === undefined || one.state === query.state),
    );
    const from = Math.max(0, Number.parseInt(c.req.query("cursor") ?? "0", 10) || 0);
    return (
      <OverridesPage
        view={view}
        query={query}
        sites={sites}
        rows={wanted.slice(from, from + ROWS_SHOWN)}
        total={wanted.length}
        from={from}
      />
    );
  });

  kit.form("policy:write", "/overrides/:site/:kind/:id/revoke", async (visit) => {
    const { c, principal } = visit;
    const site = parseSiteId(c.req.param("site") ?? "");
    const kind = POLICY_KINDS.find((one) => one === c.req.param("kind"));
    const id = c.req.param("id") ?? "";
    if (!site || !kind) throw new AppError("not-found", "there is no such override");
    await oversight.revokeOverride(site, kind, id, principal.name);
    await recordAction(deps.audit, c, "override.revoke", `${site}/${kind}/${id}`);
    return kit.done(c, "/overrides", `It no longer holds at ${site}, once the site hears of it.`);
  });
}

interface OverridesPageProps {
  readonly view: View;
  readonly query: { readonly site: string | undefined; readonly state: OverrideState | undefined };
  readonly sites: readonly SiteSummary[];
  readonly rows: readonly OverrideSummary[];
  readonly total: number;
  readonly from: number;
}

function OverridesPage({ view, query, sites, rows, total, from }: OverridesPageProps) {
  const isFiltered = query.site !== undefined || query.state !== undefined;
  return (
    <Page
      view={view}
      title="Sites' overrides"
      lead="Where a site's own word stands beside a record of the hub: a stop, a window, a setting."
    >
      {!view.isFragment && <FilterForm view={view} query={query} sites={sites} />}
      <Live view={view}>
        <section class="card" aria-label="Overrides">
          {rows.length === 0 ? (
            <Empty
              title={isFiltered ? "No override fits" : "No site has changed anything for itself"}
              words="When an administrator of a site stops a distribution, changes a window or sets a setting there, it stands here."
            >
              {isFiltered && (
                <a class="button" href={url(view, "/overrides")}>
                  Show all
                </a>
              )}
            </Empty>
          ) : (
            <>
              <OverrideTable view={view} rows={rows} />
              <Pager
                view={view}
                path="/overrides"
                query={query}
                shown={rows.length}
                total={total}
                next={from + rows.length < total ? String(from + rows.length) : undefined}
                isFirst={from === 0}
              />
            </>
          )}
        </section>
      </Live>
    </Page>
  );
}

function FilterForm({ view, query, sites }: Pick<OverridesPageProps, "view" | "query" | "sites">) {
  return (
    <search>
      <form class="filter-bar" method="get" action={url(view, "/overrides")}>
        <div class="field">
          <label for="override-site">Site</label>
          <select id="override-site" name="site">
            <option value="">all</option>
            {sites.map(({ id, name }) => (
              <option value={id} selected={id === query.site}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="override-state">State</label>
          <select id="override-state" name="state">
            <option value="">all</option>
            {OVERRIDE_STATES.map((state) => (
              <option value={state} selected={state === query.state}>
                {STATES[state].label}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">Show</button>
      </form>
    </search>
  );
}

function OverrideTable({ view, rows }: { view: View; rows: readonly OverrideSummary[] }) {
  return (
    <CardTable
      caption="Overrides"
      columns={[
        "Site",
        "About",
        "What it says, and what the hub says",
        "Who and when",
        "State",
        "Actions",
      ]}
    >
      {rows.map((row) => (
        <tr id={`override-${row.site}-${row.kind}-${row.id}`}>
          <td class="title">
            <a href={url(view, "/overrides", { site: row.site })}>{row.siteName}</a>
          </td>
          <td data-label="About">
            <span>
              <a href={url(view, pathOf(row.kind, row.id))}>{row.name}</a>
              <span class="sub">{KINDS[row.kind]}</span>
            </span>
          </td>
          <td data-label="What it says">
            <span>
              {row.fields.map(({ hub, name, site }) => (
                <span class="sub">
                  {FIELDS[name] ?? name}: <b>{shown(name, site)}</b>; at the hub: {shown(name, hub)}
                </span>
              ))}
            </span>
          </td>
          <td data-label="Who and when">
            <span>
              {row.author}
              <span class="sub">
                <When view={view} at={row.atMs} site={row.site} />
              </span>
              <span class="sub">
                {row.isBaseCurrent
                  ? "decided against the hub's record as it is now"
                  : "the hub's record was changed since"}{" "}
                (<code>{row.base}</code>)
              </span>
            </span>
          </td>
          <td data-label="State">
            <span>
              <Badge view={view} kind={STATES[row.state].kind} label={STATES[row.state].label} />
              <span class="sub">{STATES[row.state].meaning}</span>
            </span>
          </td>
          <td data-label="Actions">
            <Action
              view={view}
              path={`/overrides/${row.site}/${row.kind}/${row.id}/revoke`}
              label="Revoke"
              kind="danger"
              confirm={`Let the hub's record hold at ${row.siteName} again?`}
              whyNot={whyNotRevoke(view, row)}
            />
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function whyNotRevoke(view: View, { state }: OverrideSummary): string | undefined {
  switch (state) {
    case "revoked":
      return "Revoked already";
    case "overtaken":
      return "It does not hold";
    case "effective":
      return whyNot(view, "policy:write");
  }
}

const KINDS: Readonly<Record<PolicyKind, string>> = {
  package: "App",
  revision: "Version",
  distribution: "Distribution",
  window: "Maintenance window",
  group: "Group",
  setting: "Setting",
};

const FIELDS: Readonly<Record<string, string>> = {
  stoppedAtMs: "Stopped",
  enabled: "Switched on",
  start: "Start",
  recurrence: "Recurrence",
  durationMinutes: "Minutes",
  timeZone: "Time zone",
  enterpriseId: "Enterprise id",
  enrollmentToken: "Enrolment token",
  certificateSearchCriteria: "Certificate search criteria",
  crlCheck: "Check revocation lists",
  platforms: "Systems that are served",
};
const SECRETS = new Set(["enrollmentToken", "certificateSearchCriteria"]);

function shown(name: string, value: unknown): string {
  if (value === null || value === undefined) return name === "stoppedAtMs" ? "no" : "not set";
  if (SECRETS.has(name)) return "set, and not shown";
  if (name === "stoppedAtMs" && typeof value === "number") {
    return `${new Date(value).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function pathOf(kind: PolicyKind, id: string): string {
  switch (kind) {
    case "distribution":
      return `/distributions/${id}`;
    case "window":
      return `/windows/${id}`;
    case "package":
      return `/apps/${id}`;
    case "setting":
      return "/settings";
    case "revision":
    case "group":
      return "/overrides";
  }
}
