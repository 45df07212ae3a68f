import { fieldIs } from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSiteId } from "../../../devices/model/ids.ts";
import { recordAction } from "../../http/audited.ts";
import { needValid } from "../../http/field-problems.ts";
import { NewJoinCodeSchema } from "../../http/routes/sites.ts";
import type { JoinCodeSummary, SiteDirectory, SiteSummary } from "../../http/use-cases.ts";
import type { BucketCounts } from "../../reports/report-reader.ts";
import { BucketNumbers, StackedBar } from "../charts/stacked-bars.tsx";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { countWords, durationWords } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";

/** How long a join code may be made to work here. */
const CODE_HOURS = [1, 24, 168] as const;
const CODE_HOURS_DEFAULT = 24;
const HOUR_MS = 3_600_000;
/** A clock further off than this is worth a word. */
const CLOCK_OFFSET_SHOWN_MS = 5_000;
const EMPTY_COUNTS: BucketCounts = {
  received: 0,
  pending: 0,
  failed: 0,
  not_applicable: 0,
  removed: 0,
  total: 0,
};

/** The hub's sites: how fresh each one's news is, and the codes with which new ones join. */
export function sitePages(kit: Kit): void {
  const { deps } = kit;
  const { hub } = deps;
  if (!hub) return;

  kit.page("/sites", (visit) => sitesPage(visit, hub, FRESH_FORM));

  kit.form(
    "sites:write",
    "/sites/join-codes",
    async (visit) => {
      const { form, principal, view } = visit;
      const site = parseSiteId(form.value("site"));
      if (!site)
        throw wrongField("site", "use small letters, digits and hyphens, such as prague-1");
      // A box that is replaced keeps its name, unless another is given.
      const known = (await hub.sites()).find(({ id }) => id === site)?.name;
      const given = form.value("name") || known || site;
      const { name } = needValid(NewJoinCodeSchema, { site, name: given });
      const hours = CODE_HOURS.find((one) => String(one) === form.value("hours"));
      const expiresAtMs = deps.now() + (hours ?? CODE_HOURS_DEFAULT) * HOUR_MS;
      const { code } = await hub.createJoinCode({ site, name, expiresAtMs }, principal.name);
      await recordAction(deps.audit, visit.c, "join-code.create", site);
      return <CodePage view={view} name={name} code={code} />;
    },
    (visit) => sitesPage(visit, hub, visit.form),
  );

  kit.form("sites:write", "/sites/join-codes/:id/remove", async (visit) => {
    const id = visit.c.req.param("id") ?? "";
    await hub.removeJoinCode(id);
    await recordAction(deps.audit, visit.c, "join-code.remove", id);
    return kit.done(visit.c, "/sites", "The join code no longer works.");
  });

  kit.form("sites:write", "/sites/:id/revoke", async (visit) => {
    const site = needSite(visit);
    await hub.revoke(site);
    await recordAction(deps.audit, visit.c, "site.revoke", site);
    return kit.done(visit.c, "/sites", `Nothing is taken from ${site} from now on.`);
  });

  kit.form("sites:write", "/sites/:id/clear-alarm", async (visit) => {
    const site = needSite(visit);
    await hub.clearAlarm(site);
    await recordAction(deps.audit, visit.c, "site.clear-alarm", site);
    return kit.done(visit.c, "/sites", "The alarm was marked as seen.");
  });
}

async function sitesPage({ view, deps }: Visit, hub: SiteDirectory, form: FormState) {
  const [sites, codes, grouped] = await Promise.all([
    hub.sites(),
    hub.joinCodes(),
    // Every site's own rows, so that the numbers are the lengths of the lists they lead to.
    deps.reports.groupedBy("site", [fieldIs("site", "*")]),
  ]);
  const counts = new Map(grouped.map((one) => [one.key, one.counts]));
  return (
    <Page
      view={view}
      title="Sites"
      lead="Each site decides and reports by itself; here is how fresh its news is."
    >
      <Live view={view}>
        <StaleBand view={view} sites={sites} />
        <section class="card" aria-label="Sites">
          {sites.length === 0 ? (
            <Empty
              title="No site has joined yet"
              words="Make a join code below and run the join command on the branch's gateway: it appears here with its first contact."
            />
          ) : (
            <SiteTable view={view} sites={sites} counts={counts} />
          )}
        </section>
      </Live>
      {!view.isFragment && <JoinCodes view={view} codes={codes} form={form} />}
    </Page>
  );
}

function SiteTable(props: {
  view: View;
  sites: readonly SiteSummary[];
  counts: ReadonlyMap<string, BucketCounts>;
}) {
  const { view, sites, counts } = props;
  return (
    <CardTable
      caption="Sites"
      columns={["Site", "As of", "Last heard", "Installations", "Policy, clock, key", "Actions"]}
    >
      {sites.map((site) => {
        const own = counts.get(site.id) ?? EMPTY_COUNTS;
        const terms = [fieldIs("site", site.id)];
        return (
          <tr id={`site-${site.id}`} class={site.stale ? "stale" : undefined}>
            <td class="title">
              <a href={rowsUrl(view, terms)} data-count={own.total}>
                {site.name}
              </a>
              <span class="sub">
                {site.id}, {site.timeZone}
              </span>
              <SiteBadge view={view} site={site} />
            </td>
            <td data-label="As of">
              <When view={view} at={site.asOfMs} site={site.id} none="no report yet" stacked />
            </td>
            <td data-label="Last heard">
              <When view={view} at={site.lastSeenMs} site={site.id} stacked />
            </td>
            <td data-label="Installations">
              <div>
                <StackedBar
                  view={view}
                  row={{ key: site.id, label: site.name, href: "", counts: own, terms }}
                />
                <BucketNumbers view={view} counts={own} terms={terms} />
              </div>
            </td>
            <td data-label="Policy, clock, key">
              <span>
                {site.policyConfirmed
                  ? "Has the newest policy"
                  : "Has not confirmed the newest policy"}
                <span class="sub">{clockNote(site.clockOffsetMs)}</span>
                <span class="sub">
                  Key <code>{site.keyFingerprint}</code>
                  {site.keysSinceMs !== null && (
                    <>
                      , since <When view={view} at={site.keysSinceMs} />
                    </>
                  )}
                  {site.announcesKeys && "; new keys are announced"}
                </span>
              </span>
            </td>
            <td data-label="Actions">
              <div class="buttons">
                {site.alarm !== null && (
                  <Action
                    view={view}
                    path={`/sites/${site.id}/clear-alarm`}
                    label="Alarm seen"
                    whyNot={whyNot(view, "sites:write")}
                  />
                )}
                <Action
                  view={view}
                  path={`/sites/${site.id}/revoke`}
                  label="Revoke"
                  kind="danger"
                  confirm={`Take nothing from ${site.name} any more?`}
                  whyNot={
                    site.revokedAtMs === null ? whyNot(view, "sites:write") : "Revoked already"
                  }
                />
              </div>
            </td>
          </tr>
        );
      })}
    </CardTable>
  );
}

function SiteBadge({ view, site }: { view: View; site: SiteSummary }) {
  if (site.revokedAtMs !== null) return <Badge view={view} kind="bad" label="Revoked" />;
  if (site.alarm !== null) return <Badge view={view} kind="bad" label={site.alarm} />;
  if (site.lastSeenMs === null) return <Badge view={view} kind="plain" label="Not heard yet" />;
  if (site.stale) return <Badge view={view} kind="warn" label="Stale" />;
  return <Badge view={view} kind="good" label="Fresh" />;
}

/** What the report does not know for sure, and since when. */
export function StaleBand({ view, sites }: { view: View; sites: readonly SiteSummary[] }) {
  const stale = sites.filter((site) => site.stale && site.revokedAtMs === null);
  const alarms = sites.filter((site) => site.alarm !== null);
  if (stale.length === 0 && alarms.length === 0) return null;
  return (
    <Band view={view} kind={alarms.length > 0 ? "bad" : "warn"}>
      {alarms.map((site) => (
        <p>
          <b>{site.name}</b>: {site.alarm}
        </p>
      ))}
      {stale.length > 0 && (
        <p>
          {stale.length === 1
            ? "1 site was not heard lately: its "
            : `${countWords(stale.length)} sites were not heard lately: their `}
          <a href={rowsUrl(view, [fieldIs("site", ...stale.map(({ id }) => id))])}>rows</a> may have
          moved on since{" "}
          {stale.map((site, index) => (
            <>
              {index > 0 ? "; " : ""}
              <b>{site.name}</b>,{" "}
              <When view={view} at={site.asOfMs} site={site.id} none="no news yet" />
            </>
          ))}
        </p>
      )}
    </Band>
  );
}

/** The sites in short, for the overview: the stalest first. */
export function SiteCards({ view, sites }: { view: View; sites: readonly SiteSummary[] }) {
  if (sites.length === 0) return <p class="muted">No site has joined yet.</p>;
  const sorted = [...sites].sort((a, b) => (a.asOfMs ?? 0) - (b.asOfMs ?? 0)).slice(0, 8);
  return (
    <ul class="rows">
      {sorted.map((site) => (
        <li class={site.stale ? "stale" : undefined}>
          <span>
            <a href={rowsUrl(view, [fieldIs("site", site.id)])}>{site.name}</a>{" "}
            <SiteBadge view={view} site={site} />
          </span>
          <span class="small">
            as of <When view={view} at={site.asOfMs} site={site.id} none="no report yet" />
          </span>
        </li>
      ))}
    </ul>
  );
}

function JoinCodes(props: { view: View; codes: readonly JoinCodeSummary[]; form: FormState }) {
  const { view, codes, form } = props;
  const reason = whyNot(view, "sites:write");
  const open = codes.filter(
    ({ usedAtMs, expiresAtMs }) => usedAtMs === null && expiresAtMs > view.nowMs,
  );
  return (
    <Card title="Let a site join">
      {open.length > 0 && (
        <ul class="rows">
          {open.map((code) => (
            <li>
              <span>
                Code for <b>{code.name}</b> ({code.site}), by {code.createdBy}
              </span>
              <span class="small">
                expires <When view={view} at={code.expiresAtMs} />
              </span>
              <Action
                view={view}
                path={`/sites/join-codes/${code.id}/remove`}
                label="Take back"
                whyNot={reason}
              />
            </li>
          ))}
        </ul>
      )}
      {reason !== undefined ? (
        <p class="muted">{reason}.</p>
      ) : (
        <PostForm view={view} path="/sites/join-codes" class="sheet">
          <div class="field-row">
            <TextField
              form={form}
              name="site"
              label="Site id"
              hint="Never changes. A replaced box joins under its old id."
              placeholder="prague-1"
              required
            />
            <TextField form={form} name="name" label="Name" placeholder="Prague, Main Square" />
            <SelectField
              form={form}
              name="hours"
              label="Works for"
              options={[
                { value: "1", label: "1 hour" },
                { value: "24", label: "1 day" },
                { value: "168", label: "7 days" },
              ]}
              value="24"
            />
          </div>
          <div class="buttons">
            <button type="submit" class="primary">
              Make a join code
            </button>
          </div>
        </PostForm>
      )}
    </Card>
  );
}

function CodePage({ view, name, code }: { view: View; name: string; code: string }) {
  return (
    <Page view={view} title={`Join code for ${name}`} crumbs={[{ label: "Sites", path: "/sites" }]}>
      <Card title="On the branch's gateway">
        <Secret view={view} label="Join code" text={code} />
        <p>Give it to the site at its set-up, together with the address of this hub.</p>
        <a class="button" href={url(view, "/sites")}>
          Done
        </a>
      </Card>
    </Page>
  );
}

function clockNote(offsetMs: number | null): string {
  if (offsetMs === null) return "Clock not measured yet";
  if (Math.abs(offsetMs) < CLOCK_OFFSET_SHOWN_MS) return "Clock is right";
  return `Clock is ${durationWords(Math.abs(offsetMs))} ${offsetMs > 0 ? "ahead" : "behind"}`;
}

function needSite({ c }: FormVisit) {
  const site = parseSiteId(c.req.param("id") ?? "");
  if (!site) throw new AppError("not-found", "there is no such site");
  return site;
}

function wrongField(name: string, message: string): AppError {
  return new AppError("unprocessable", message, { fields: [{ pointer: `/${name}`, message }] });
}
