import { raw } from "hono/html";
import type { Term } from "../../../devices/filter/filter.ts";
import { BUCKETS } from "../../../devices/model/installation.ts";
import type { BucketCounts } from "../../reports/report-reader.ts";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, type View } from "../view.ts";
import { BUCKET_LOOKS } from "../words.ts";
import { renderChart } from "./render-chart.ts";

const WIDTH = 600;
const HEIGHT = 14;

export interface BarRow {
  readonly key: string;
  readonly label: string;
  readonly href: string;
  readonly counts: BucketCounts;
  /** The rows that were counted. */
  readonly terms: readonly Term[];
}

/** One bar per row, split by bucket, with the same numbers as links under it. */
export async function StackedBars({ view, rows }: { view: View; rows: readonly BarRow[] }) {
  const bars = await Promise.all(rows.map((row) => drawBar(view, row)));
  return (
    <ul class="bars">
      {rows.map((row, index) => (
        <li>
          <div class="bar-head">
            <a href={row.href}>{row.label}</a>
            <a class="nowrap" href={rowsUrl(view, row.terms)} data-count={row.counts.total}>
              {plural(row.counts.total, "device")}
            </a>
          </div>
          <div class="chart bar">{raw(bars[index] ?? "")}</div>
          <BucketNumbers view={view} counts={row.counts} terms={row.terms} />
        </li>
      ))}
    </ul>
  );
}

/** The split of some rows in one line of text: `3 received · 1 failed`, each a link. */
export function BucketNumbers(props: { view: View; counts: BucketCounts; terms: readonly Term[] }) {
  const { view, counts, terms } = props;
  const filled = BUCKETS.filter((bucket) => counts[bucket] > 0);
  if (filled.length === 0) return <span class="small muted">no devices yet</span>;
  return (
    <span class="numbers small">
      {filled.map((bucket) => (
        <a
          class={`number-link ${bucket}`}
          href={rowsUrl(view, terms, bucket)}
          data-count={counts[bucket]}
        >
          {countWords(counts[bucket])} {BUCKET_LOOKS[bucket].label.toLowerCase()}
        </a>
      ))}
    </span>
  );
}

/** One bar alone, for a cell of a table. */
export async function StackedBar({ view, row }: { view: View; row: BarRow }) {
  return <div class="chart bar">{raw(await drawBar(view, row))}</div>;
}

function drawBar(view: View, { counts, terms }: BarRow): Promise<string> {
  return renderChart({
    width: WIDTH,
    height: HEIGHT,
    stretch: true,
    option: {
      grid: { left: 0, right: 0, top: 0, bottom: 0 },
      xAxis: { type: "value", max: Math.max(1, counts.total), show: false },
      yAxis: { type: "category", data: [""], show: false },
      series: BUCKETS.map((bucket) => ({
        type: "bar",
        stack: "all",
        barWidth: HEIGHT,
        itemStyle: { color: BUCKET_LOOKS[bucket].color },
        data: [counts[bucket]],
      })),
    },
    partAt: (series) => {
      const bucket = BUCKETS[series];
      if (bucket === undefined || counts[bucket] === 0) return undefined;
      return {
        label: `${BUCKET_LOOKS[bucket].label}: ${plural(counts[bucket], "device")}`,
        href: rowsUrl(view, terms, bucket),
      };
    },
  });
}
