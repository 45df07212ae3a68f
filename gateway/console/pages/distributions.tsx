import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseDistributionId } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { recordAction } from "../../http/audited.ts";
import type { SiteSummary } from "../../http/use-cases.ts";
import type { BucketCounts, GroupedCounts, InstallationView } from "../../reports/report-reader.ts";
import { distributionFrom } from "../authoring.ts";
import { Donut } from "../charts/donut.tsx";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { CheckField, SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { InstallationTable } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { REASON_WORDS } from "../words.ts";
import {
  type DistributionRow,
  DistributionTable,
  distributionRows,
  targetWords,
} from "./distribution-table.tsx";

const ROWS_SHOWN = 10;

/** What was decided for which devices: the list, one distribution, and the form that makes one. */
export function distributionPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/distributions", async ({ c, view }) => {
    const policy = deps.policy.read();
    const show = c.req.query("show") === "stopped" ? "stopped" : "open";
    const isShown = (one: Distribution) => (one.stoppedAtMs === null) === (show === "open");
    const rows = await distributionRows(deps.reports, policy, policy.distributions.filter(isShown));
    return <ListPage view={view} policy={policy} rows={rows} show={show} />;
  });

  kit.pageFor("policy:write", "/distributions/new", async ({ c, view }) => (
    <NewPage
      view={view}
      form={FRESH_FORM}
      policy={deps.policy.read()}
      app={c.req.query("app") ?? ""}
      device={c.req.query("device") ?? ""}
      sites={(await deps.hub?.sites()) ?? []}
    />
  ));

  kit.form(
    "policy:write",
    "/distributions/new",
    async (visit) => {
      const distribution = distributionFrom(visit.form, deps.policy.read(), {
        author: visit.principal.name,
        origin: deps.role,
        hlc: deps.nextHlc(),
        nowMs: deps.now(),
      });
      const change = {
        kind: "distribution",
        id: distribution.id,
        body: { ...distribution },
      } as const;
      await deps.author.write([change], visit.principal.name);
      await recordAction(deps.audit, visit.c, "distribution.create", distribution.id, {
        revision: distribution.revision,
        target: targetWords(distribution),
        mode: distribution.mode,
      });
      return kit.done(
        visit.c,
        `/distributions/${distribution.id}`,
        "The distribution is on its way.",
      );
    },
    async ({ view, form }) => (
      <NewPage
        view={view}
        form={form}
        policy={deps.policy.read()}
        app=""
        device=""
        sites={(await deps.hub?.sites()) ?? []}
      />
    ),
  );

  kit.page("/distributions/:id", async (visit) => {
    const policy = deps.policy.read();
    const distribution = needDistribution(visit, policy);
    const terms = [fieldIs("distribution", distribution.id)];
    const [counts, reasons, latest, sites] = await Promise.all([
      deps.reports.buckets(terms),
      deps.reports.groupedBy("reason", terms),
      deps.reports.list({ filter: terms, limit: ROWS_SHOWN, sort: "-observed" }),
      deps.hub?.sites(),
    ]);
    return (
      <DetailPage
        view={visit.view}
        distribution={distribution}
        policy={policy}
        counts={counts}
        reasons={reasons}
        rows={latest.rows}
        sites={sites}
      />
    );
  });

  kit.form("policy:write", "/distributions/:id/stop", async (visit) => {
    const distribution = needDistribution(visit, deps.policy.read());
    const body = { stoppedAtMs: distribution.stoppedAtMs ?? deps.now() };
    await deps.author.write(
      [{ kind: "distribution", id: distribution.id, body }],
      visit.principal.name,
    );
    await recordAction(deps.audit, visit.c, "distribution.stop", distribution.id);
    const notice = "Stopped: what was pending or failed leaves, what is installed stays.";
    return kit.done(visit.c, `/distributions/${distribution.id}`, notice);
  });
}

function ListPage(props: {
  view: View;
  policy: Policy;
  rows: readonly DistributionRow[];
  show: "open" | "stopped";
}) {
  const { view, policy, rows, show } = props;
  const stopped = policy.distributions.filter((one) => one.stoppedAtMs !== null).length;
  const open = policy.distributions.length - stopped;
  return (
    <Page
      view={view}
      title="Distributions"
      lead="Each brings one version of an app to its devices. A new version is a new distribution."
      actions={
        whyNot(view, "policy:write") === undefined && (
          <a class="button primary" href={url(view, "/distributions/new")}>
            Distribute an app
          </a>
        )
      }
    >
      <Live view={view}>
        <nav class="chips" aria-label="Which distributions">
          <a
            class="chip"
            href={url(view, "/distributions")}
            aria-current={show === "open" ? "true" : undefined}
            data-count={open}
          >
            Open {open}
          </a>
          <a
            class="chip"
            href={url(view, "/distributions", { show: "stopped" })}
            aria-current={show === "stopped" ? "true" : undefined}
            data-count={stopped}
          >
            Stopped {stopped}
          </a>
        </nav>
        <section class="card" aria-label="Distributions">
          <DistributionTable view={view} rows={rows} policy={policy} />
        </section>
      </Live>
    </Page>
  );
}

interface DetailProps {
  readonly view: View;
  readonly distribution: Distribution;
  readonly policy: Policy;
  readonly counts: BucketCounts;
  readonly reasons: readonly GroupedCounts[];
  readonly rows: readonly InstallationView[];
  readonly sites: readonly SiteSummary[] | undefined;
}

function DetailPage(props: DetailProps) {
  const { view, distribution, policy, counts, reasons, rows, sites } = props;
  const app = policy.packages.get(distribution.package);
  const version = policy.revisions.get(distribution.revision)?.version ?? distribution.revision;
  const terms = [fieldIs("distribution", distribution.id)];
  return (
    <Page
      view={view}
      title={`${app?.name ?? distribution.package} ${version}`}
      crumbs={[{ label: "Distributions", path: "/distributions" }]}
      lead={
        <>
          {distribution.operation === "uninstall" ? "Uninstall, " : ""}
          {targetWords(distribution).toLowerCase()},{" "}
          {distribution.mode === "automatic" ? "in maintenance windows" : "on demand"}
          {distribution.stoppedAtMs !== null && <Badge view={view} kind="plain" label="Stopped" />}
        </>
      }
      actions={
        <>
          <a class="button" href={rowsUrl(view, terms)}>
            All rows
          </a>
          <Action
            view={view}
            path={`/distributions/${distribution.id}/stop`}
            label="Stop"
            kind="danger"
            confirm="Stop this distribution? Pending and failed rows leave it; installed apps stay."
            whyNot={
              whyNot(view, "policy:write") ??
              (distribution.stoppedAtMs === null ? undefined : "Stopped already")
            }
          />
        </>
      }
    >
      <Live view={view}>
        <SitesWithout view={view} distribution={distribution} sites={sites} />
        <div class="grid">
          <Card title="How it stands" width="w5">
            <Donut view={view} counts={counts} terms={terms} />
          </Card>
          <Card title="What it is" width="w7">
            <dl class="facts">
              <div>
                <dt>App</dt>
                <dd>
                  <a href={url(view, `/apps/${distribution.package}`)}>
                    {app?.name ?? distribution.package}
                  </a>
                </dd>
              </div>
              <Fact label="Version">{version}</Fact>
              <Fact label="Made">
                <When view={view} at={distribution.createdAtMs} />
              </Fact>
              <Fact label="By">
                {distribution.author} at the {distribution.origin}
              </Fact>
              <Fact label="Lower versions">
                {distribution.allowDowngrade
                  ? "may replace higher ones"
                  : "never replace higher ones"}
              </Fact>
              <Fact label="Devices without the app">
                {distribution.updateOnly ? "are left alone" : "get it"}
              </Fact>
              {distribution.stoppedAtMs !== null && (
                <Fact label="Stopped">
                  <When view={view} at={distribution.stoppedAtMs} />
                </Fact>
              )}
            </dl>
            <Reasons view={view} reasons={reasons} distribution={distribution} />
          </Card>
        </div>
        <Card
          title="Latest changes"
          flush
          aside={
            <a href={rowsUrl(view, terms)} data-count={counts.total}>
              All {plural(counts.total, "row")}
            </a>
          }
        >
          {rows.length === 0 ? (
            <Empty
              title="No device is reached yet"
              words="Devices get their row at their next contact, or when the policy reaches their site."
            />
          ) : (
            <InstallationTable view={view} rows={rows} caption="Latest changes" />
          )}
        </Card>
      </Live>
    </Page>
  );
}

function Fact({ label, children }: { label: string; children?: unknown }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children as string}</dd>
    </div>
  );
}

/** At the hub: sites that do not know the newest decisions yet. [D9] */
function SitesWithout(props: {
  view: View;
  distribution: Distribution;
  sites: readonly SiteSummary[] | undefined;
}) {
  const { view, distribution, sites = [] } = props;
  const meant = sites.filter(
    ({ id, revokedAtMs }) =>
      revokedAtMs === null && (distribution.sites.length === 0 || distribution.sites.includes(id)),
  );
  const waiting = meant.filter(({ policyConfirmed }) => !policyConfirmed);
  if (waiting.length === 0) return null;
  return (
    <Band view={view} kind="info">
      {plural(waiting.length, "site")} of {countWords(meant.length)}{" "}
      {waiting.length === 1 ? "has" : "have"} not confirmed the newest decisions yet, so the counts
      may still grow: {waiting.map(({ name }) => name).join(", ")}
    </Band>
  );
}

function Reasons(props: {
  view: View;
  reasons: readonly GroupedCounts[];
  distribution: Distribution;
}) {
  const { view, reasons, distribution } = props;
  const named = reasons.filter(({ key }) => key !== "");
  if (named.length === 0) return null;
  return (
    <>
      <h3 class="spaced">What waits, and why</h3>
      <ul class="legend">
        {named.map(({ key, counts }) => (
          <li>
            <a
              href={rowsUrl(view, [
                fieldIs("distribution", distribution.id),
                fieldIs("reason", key),
              ])}
              data-count={counts.total}
            >
              <span>{REASON_WORDS[key as keyof typeof REASON_WORDS] ?? key}</span>
              <span />
              <b>{countWords(counts.total)}</b>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

interface NewPageProps {
  readonly view: View;
  readonly form: FormState;
  readonly policy: Policy;
  readonly app: string;
  readonly device: string;
  readonly sites: readonly SiteSummary[];
}

function NewPage({ view, form, policy, app, device, sites }: NewPageProps) {
  const choices = [...policy.revisions.values()]
    .filter((revision) => app === "" || revision.package === app)
    .sort((a, b) => b.createdAtMs - a.createdAtMs)
    .map((revision) => ({
      value: revision.id as string,
      label: `${policy.packages.get(revision.package)?.name ?? revision.package} ${revision.version}`,
    }));
  const groups = [...policy.groups.keys()];
  const target = form.value("target", device === "" ? "all" : "device");
  if (choices.length === 0) {
    return (
      <Page view={view} title="Distribute an app">
        <section class="card">
          <Empty
            title="There is nothing to distribute yet"
            words="A distribution needs an app with a version."
          >
            <a class="button primary" href={url(view, "/apps/new")}>
              Make an app
            </a>
          </Empty>
        </section>
      </Page>
    );
  }
  return (
    <Page
      view={view}
      title="Distribute an app"
      crumbs={[{ label: "Distributions", path: "/distributions" }]}
    >
      <PostForm view={view} path="/distributions/new" class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>What</legend>
          <div class="field-row">
            <SelectField form={form} name="revision" label="App and version" options={choices} />
            <SelectField
              form={form}
              name="operation"
              label="Do"
              options={[
                { value: "install", label: "Install or update" },
                { value: "uninstall", label: "Uninstall" },
              ]}
            />
          </div>
        </fieldset>
        <fieldset>
          <legend>To whom</legend>
          <SelectField
            form={form}
            name="target"
            label="Devices"
            value={target}
            shows
            options={[
              { value: "all", label: "All devices" },
              { value: "group", label: "A group" },
              { value: "device", label: "One device" },
            ]}
          />
          <div data-when="target" data-is="group">
            <SelectField
              form={form}
              name="group"
              label="Group"
              options={[
                {
                  value: "",
                  label: groups.length === 0 ? "There is no group yet" : "Choose a group",
                },
                ...groups.map((name) => ({ value: name as string, label: name as string })),
              ]}
            />
          </div>
          <div data-when="target" data-is="device">
            <TextField
              form={form}
              name="device"
              label="Device id"
              hint="It stands in the address of the device's page."
              value={device}
            />
          </div>
          {sites.length > 0 && (
            <div class="field">
              <span class="label">Only at these sites</span>
              <span class="hint">None ticked means all.</span>
              <div class="chips">
                {sites.map((site) => (
                  <label class="chip">
                    <input
                      type="checkbox"
                      name="sites"
                      value={site.id}
                      checked={form.values("sites").includes(site.id)}
                    />
                    {site.name}
                  </label>
                ))}
              </div>
            </div>
          )}
        </fieldset>
        <fieldset>
          <legend>How</legend>
          <SelectField
            form={form}
            name="mode"
            label="When"
            options={[
              { value: "automatic", label: "Automatically, inside maintenance windows" },
              { value: "on-demand", label: "On demand, when somebody asks for it" },
            ]}
          />
          <CheckField
            form={form}
            name="updateOnly"
            label="Only devices that have the app already"
          />
          <CheckField
            form={form}
            name="allowDowngrade"
            label="May replace a higher version by this one"
          />
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            Distribute
          </button>
          <a class="button" href={url(view, "/distributions")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}

function needDistribution({ c }: Visit | FormVisit, policy: Policy): Distribution {
  const id = parseDistributionId(c.req.param("id") ?? "");
  const distribution = id && policy.distributionsById.get(id);
  if (!distribution) throw new AppError("not-found", "there is no such distribution");
  return distribution;
}
