import { fieldIs } from "../../../devices/filter/filter.ts";
import { filesOf, type Package, type Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import type { BreakdownRow, BucketCounts } from "../../reports/report-reader.ts";
import { Donut } from "../charts/donut.tsx";
import { StatusBadge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Icon } from "../components/icon.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import type { ConsoleDeps } from "../console-deps.ts";
import { byteWords, countWords } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { type DistributionRow, DistributionTable } from "./distribution-table.tsx";
import { channelWords, targetingWords } from "./revision-words.ts";

export interface AppPageProps {
  readonly view: View;
  readonly app: Package;
  readonly counts: BucketCounts;
  readonly breakdown: readonly BreakdownRow[];
  readonly distributions: readonly DistributionRow[];
  readonly policy: Policy;
  readonly describeSource: ConsoleDeps["describeSource"];
}

/** One app: its counts, versions, distributions and the report by status and state. */
export function AppPage(props: AppPageProps) {
  const { view, app, counts, breakdown, distributions, policy, describeSource } = props;
  const terms = [fieldIs("package", app.id)];
  const reason = whyNot(view, "policy:write");
  const revisions = revisionsOf(policy, app);
  return (
    <Page
      view={view}
      title={app.name}
      crumbs={[{ label: "Apps", path: "/apps" }]}
      lead={app.description || undefined}
      actions={
        reason === undefined && (
          <>
            <a class="button" href={url(view, `/apps/${app.id}/revisions/new`)}>
              New version
            </a>
            {app.platform !== "iOS" && (
              <a class="button" href={url(view, `/apps/${app.id}/revisions/new-steps`)}>
                New version in steps
              </a>
            )}
            {revisions.length > 0 && (
              <a class="button primary" href={url(view, "/distributions/new", { app: app.id })}>
                <Icon view={view} name="send" />
                Distribute
              </a>
            )}
          </>
        )
      }
    >
      <Live view={view}>
        <div class="tiles">
          <a class="tile" href={rowsUrl(view, terms)} data-count={counts.total}>
            <span class="tile-label">Distributed to</span>
            <span class="number">{countWords(counts.total)}</span>
            <span class="small muted">devices it is meant for</span>
          </a>
          <a
            class="tile received"
            href={rowsUrl(view, terms, "received")}
            data-count={counts.received}
          >
            <span class="tile-label">Installed on</span>
            <span class="number">{countWords(counts.received)}</span>
            <span class="small muted">devices that have it</span>
          </a>
        </div>
        <div class="grid">
          <Card title="How it stands" width="w5">
            <Donut view={view} counts={counts} terms={terms} />
          </Card>
          <Card title="Versions" width="w7" flush>
            <Revisions
              view={view}
              app={app}
              revisions={revisions}
              describeSource={describeSource}
            />
          </Card>
        </div>
        <Card title="Distributions" flush>
          <DistributionTable view={view} rows={distributions} policy={policy} withoutApp />
        </Card>
        <Card
          title="Report by status and state"
          flush
          aside={<a href={url(view, `/apps/${app.id}/report.csv`, { empty: "yes" })}>CSV</a>}
        >
          <Breakdown view={view} app={app} rows={breakdown} />
        </Card>
        <p class="small muted">
          Id <code>{app.id}</code>
          {app.productId !== null && (
            <>
              , product <code>{app.productId}</code>
            </>
          )}
        </p>
      </Live>
    </Page>
  );
}

function Revisions(props: {
  view: View;
  app: Package;
  revisions: readonly Revision[];
  describeSource: ConsoleDeps["describeSource"];
}) {
  const { view, app, revisions, describeSource } = props;
  if (revisions.length === 0) {
    return (
      <Empty title="No version yet" words="A version is what devices install. It is never changed.">
        <Way view={view} scope="policy:write" path={`/apps/${app.id}/revisions/new`} primary>
          Add a version
        </Way>
      </Empty>
    );
  }
  return (
    <CardTable caption="Versions" columns={["Version", "File", "For", "Made"]}>
      {revisions.map((revision) => (
        <tr>
          <td class="title">
            <a href={url(view, `/apps/${app.id}/revisions/${revision.id}`)}>{revision.version}</a>
            <span class="sub">
              {channelWords(revision)},{" "}
              <a
                href={rowsUrl(view, [
                  fieldIs("revision", revision.id),
                  fieldIs("current", "true", "false"),
                ])}
              >
                its devices
              </a>
            </span>
          </td>
          <td data-label="File">
            {revision.file === null ? (
              missingWords(revision, describeSource)
            ) : (
              <span>
                {revision.file.name}
                <span class="sub">
                  {byteWords(revision.file.bytes)}
                  {dependencyWords(revision)}
                </span>
              </span>
            )}
          </td>
          <td data-label="For">{targetingWords(revision)}</td>
          <td data-label="Made">
            <When view={view} at={revision.createdAtMs} />
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function missingWords(revision: Revision, describeSource: ConsoleDeps["describeSource"]) {
  if (revision.source === null) {
    const names = filesOf(revision).map(({ name }) => name);
    return names.length === 0 ? "none" : names.join(", ");
  }
  return (
    <span>
      not fetched yet
      <span class="sub">{describeSource(revision)}</span>
    </span>
  );
}

function Breakdown(props: { view: View; app: Package; rows: readonly BreakdownRow[] }) {
  const { view, app, rows } = props;
  if (rows.length === 0) {
    return (
      <Empty
        title="Nothing to report yet"
        words="Distribute the app, and its devices appear here."
      />
    );
  }
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Devices by status and state</caption>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">State</th>
            <th scope="col">What it means</th>
            <th scope="col" class="num">
              Devices
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <td class="title">
                <StatusBadge view={view} bucket={row.bucket} label={row.statusLabel} />
              </td>
              <td data-label="State">{row.state ?? "not told"}</td>
              <td data-label="Meaning">{row.description}</td>
              <td data-label="Devices" class="num">
                <a
                  href={rowsUrl(
                    view,
                    [
                      fieldIs("package", app.id),
                      fieldIs("platform", row.platform),
                      fieldIs("status", row.status),
                      fieldIs("state", row.state ?? ""),
                    ],
                    row.bucket,
                  )}
                  data-count={row.count}
                >
                  {countWords(row.count)}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The newest first. */
export function revisionsOf(policy: Policy, app: Package): Revision[] {
  return [...policy.revisions.values()]
    .filter((revision) => revision.package === app.id)
    .sort((a, b) => b.createdAtMs - a.createdAtMs);
}

function dependencyWords({ msix }: Revision): string {
  const names = msix?.dependencies.map(({ name }) => name) ?? [];
  return names.length === 0 ? "" : `, with ${names.join(", ")}`;
}
