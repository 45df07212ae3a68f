import { type Filter, fieldIs } from "../../devices/filter/filter.ts";
import type { Bucket } from "../../devices/model/installation.ts";
import { linkTo } from "./links.ts";
import type { BreakdownRow, BucketCounts, GroupedCounts, ReportReader } from "./report-reader.ts";

/** A number and the list that has as many rows. */
export interface LinkedCount {
  readonly count: number;
  readonly link: string;
}

export type LinkedBuckets = Readonly<Record<Bucket, LinkedCount>>;

export interface LinkedGroup {
  readonly key: string;
  readonly label: string;
  readonly total: LinkedCount;
  readonly buckets: LinkedBuckets;
}

export interface Summary {
  readonly total: LinkedCount;
  readonly buckets: LinkedBuckets;
  /** Rows that somebody should look at. */
  readonly attention: LinkedCount;
  readonly platforms: readonly LinkedGroup[];
  readonly packages: readonly LinkedGroup[];
  readonly sites: readonly LinkedGroup[];
}

/** The numbers of a first page, all through the same filter. */
export async function summaryOf(
  reader: ReportReader,
  filter: Filter,
  base: string,
): Promise<Summary> {
  const counts = await reader.buckets(filter);
  const attention = [...filter, fieldIs("attention", "true")];
  return {
    total: { count: counts.total, link: linkTo(base, filter) },
    buckets: linkedBuckets(counts, filter, base),
    attention: { count: await reader.count(attention), link: linkTo(base, attention) },
    platforms: await linkedGroups(reader, "platform", filter, base),
    packages: await linkedGroups(reader, "package", filter, base),
    sites: await linkedGroups(reader, "site", filter, base),
  };
}

export function linkedBuckets(counts: BucketCounts, filter: Filter, base: string): LinkedBuckets {
  const one = (bucket: Bucket): LinkedCount => ({
    count: counts[bucket],
    link: linkTo(base, [...filter, fieldIs("bucket", bucket)]),
  });
  return {
    received: one("received"),
    pending: one("pending"),
    failed: one("failed"),
    not_applicable: one("not_applicable"),
    removed: one("removed"),
  };
}

async function linkedGroups(
  reader: ReportReader,
  field: "platform" | "package" | "site",
  filter: Filter,
  base: string,
): Promise<readonly LinkedGroup[]> {
  const groups = await reader.groupedBy(field, filter);
  return groups.map((group) => linkedGroup(group, field, filter, base));
}

function linkedGroup(
  { key, label, counts }: GroupedCounts,
  field: string,
  filter: Filter,
  base: string,
): LinkedGroup {
  const own = [...filter, fieldIs(field, key)];
  return {
    key,
    label,
    total: { count: counts.total, link: linkTo(base, own) },
    buckets: linkedBuckets(counts, own, base),
  };
}

export interface LinkedLine extends BreakdownRow {
  readonly link: string;
}

export interface AppReport {
  readonly package: string;
  readonly total: LinkedCount;
  readonly buckets: LinkedBuckets;
  readonly rows: readonly LinkedLine[];
}

/**
 * The aggregate report of one app: a line per platform, status and state; their sum is the
 * distribution count.
 *
 * @param platform of the app: with `includeEmpty`, rows of other platforms would be noise
 */
export async function appReport(
  reader: ReportReader,
  name: string,
  more: Filter,
  base: string,
  options: { readonly includeEmpty: boolean; readonly platform: string | undefined },
): Promise<AppReport> {
  const filter = [fieldIs("package", name), ...more];
  const counts = await reader.buckets(filter);
  const lines = await reader.breakdown(filter, { includeEmpty: options.includeEmpty });
  const { platform } = options;
  return {
    package: name,
    total: { count: counts.total, link: linkTo(base, filter) },
    buckets: linkedBuckets(counts, filter, base),
    rows: lines
      .filter((line) => line.count > 0 || platform === undefined || line.platform === platform)
      .map((line) => ({ ...line, link: linkTo(base, [...filter, ...termsOf(line)]) })),
  };
}

function termsOf({ platform, status, state, bucket }: BreakdownRow): Filter {
  return [
    fieldIs("platform", platform),
    fieldIs("status", status),
    fieldIs("state", state ?? ""),
    fieldIs("bucket", bucket),
  ];
}
