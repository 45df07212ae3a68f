import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import type { BucketCounts, ReportReader } from "../../reports/report-reader.ts";
import { BucketNumbers, StackedBar } from "../charts/stacked-bars.tsx";
import { Badge } from "../components/badge.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import { plural } from "../time-words.ts";
import { rowsUrl, url, type View } from "../view.ts";

export interface DistributionRow {
  readonly distribution: Distribution;
  readonly counts: BucketCounts;
}

const NO_COUNTS: BucketCounts = {
  received: 0,
  pending: 0,
  failed: 0,
  not_applicable: 0,
  removed: 0,
  total: 0,
};

/** Distributions with their counts, from one query over all rows that still count. */
export async function distributionRows(
  reports: ReportReader,
  policy: Policy,
  distributions: Policy["distributions"],
): Promise<DistributionRow[]> {
  if (policy.distributions.length === 0) return [];
  // Naming `distribution` takes the rows of older distributions too, as their links do.
  const grouped = await reports.groupedBy("distribution", [fieldIs("distribution", "*")]);
  const counts = new Map(grouped.map((one) => [one.key, one.counts]));
  return distributions.map((distribution) => ({
    distribution,
    counts: counts.get(distribution.id) ?? NO_COUNTS,
  }));
}

export interface DistributionTableProps {
  readonly view: View;
  readonly rows: readonly DistributionRow[];
  readonly policy: Policy;
  readonly withoutApp?: true;
}

export function DistributionTable({ view, rows, policy, withoutApp }: DistributionTableProps) {
  if (rows.length === 0) {
    return (
      <Empty
        title="Nothing is distributed"
        words="A distribution brings one version of an app to all devices, a group or one device."
      >
        <Way view={view} scope="policy:write" path="/distributions/new" primary>
          Distribute an app
        </Way>
      </Empty>
    );
  }
  return (
    <CardTable
      caption="Distributions"
      columns={[withoutApp ? "Version" : "What", "To whom", "How", "How it stands", "Made"]}
    >
      {rows.map(({ distribution, counts }) => {
        const terms = [fieldIs("distribution", distribution.id)];
        const version = policy.revisions.get(distribution.revision)?.version ?? "";
        const app = policy.packages.get(distribution.package)?.name ?? distribution.package;
        return (
          <tr id={`distribution-${distribution.id}`}>
            <td class="title">
              <a href={url(view, `/distributions/${distribution.id}`)}>
                {withoutApp ? version : `${app} ${version}`}
              </a>
              {distribution.operation === "uninstall" && <span class="sub">Uninstall</span>}
              {distribution.stoppedAtMs !== null && (
                <>
                  {" "}
                  <Badge view={view} kind="plain" label="Stopped" />
                </>
              )}
            </td>
            <td data-label="To whom">
              <span>
                {targetWords(distribution)}
                <span class="sub">{sitesWords(distribution)}</span>
              </span>
            </td>
            <td data-label="How">
              {distribution.mode === "automatic" ? "in windows" : "on demand"}
            </td>
            <td data-label="How it stands" class="wide">
              <div>
                <StackedBar
                  view={view}
                  row={{
                    key: distribution.id,
                    label: distribution.id,
                    href: "",
                    counts,
                    terms,
                  }}
                />
                <BucketNumbers view={view} counts={counts} terms={terms} />{" "}
                <a class="small" href={rowsUrl(view, terms)} data-count={counts.total}>
                  all {counts.total}
                </a>
              </div>
            </td>
            <td data-label="Made">
              <span>
                <When view={view} at={distribution.createdAtMs} stacked />
                <span class="sub">
                  by {distribution.author} at the {distribution.origin}
                </span>
              </span>
            </td>
          </tr>
        );
      })}
    </CardTable>
  );
}

export function targetWords({ target }: Distribution): string {
  switch (target.kind) {
    case "all":
      return "All devices";
    case "group":
      return `Group ${target.group}`;
    case "device":
      return `Device ${target.device.slice(0, 8)}…`;
    case "devices":
      return plural(target.devices.length, "device");
  }
}

function sitesWords({ sites }: Distribution): string {
  if (sites.length === 0) return "";
  return sites.length > 3 ? `at ${sites.length} sites` : `at ${sites.join(", ")}`;
}
