import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { durationText, offsetText } from "../../../devices/windows/schedule.ts";
import type { SiteSummary } from "../../http/use-cases.ts";
import type { BucketCounts, GroupedCounts, InstallationView } from "../../reports/report-reader.ts";
import { Donut } from "../charts/donut.tsx";
import { Action } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { Fact } from "../components/fact-list.tsx";
import { InstallationTable } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { REASON_WORDS } from "../words.ts";
import { targetWords } from "./distribution-table.tsx";

export interface DistributionPageProps {
  readonly view: View;
  readonly distribution: Distribution;
  readonly policy: Policy;
  readonly counts: BucketCounts;
  readonly reasons: readonly GroupedCounts[];
  readonly rows: readonly InstallationView[];
  readonly sites: readonly SiteSummary[] | undefined;
}

/** One distribution: its decision, its counts, what waits, and its latest changes. */
export function DistributionPage(props: DistributionPageProps) {
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
              <Fact label="App">
                <a href={url(view, `/apps/${distribution.package}`)}>
                  {app?.name ?? distribution.package}
                </a>
              </Fact>
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
              {distribution.question !== null && (
                <Fact label="Asks the user first">{distribution.question}</Fact>
              )}
              {distribution.schedule !== null && (
                <Fact label="Keeps to">
                  {distribution.schedule.cron} at UTC{offsetText(distribution.schedule)}, for{" "}
                  {durationText(distribution.schedule)}
                </Fact>
              )}
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
