import { raw } from "hono/html";
import type { Term } from "../../../devices/filter/filter.ts";
import { BUCKETS } from "../../../devices/model/installation.ts";
import type { BucketCounts } from "../../reports/report-reader.ts";
import { Icon } from "../components/icon.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, type View } from "../view.ts";
import { BUCKET_LOOKS } from "../words.ts";
import { renderChart } from "./render-chart.ts";

const SIZE = 200;

export interface DonutProps {
  readonly view: View;
  readonly counts: BucketCounts;
  /** The rows that were counted: every number leads to its share of them. */
  readonly terms: readonly Term[];
}

/** How the rows are spread over the buckets: a ring, and the same numbers as links. */
export async function Donut({ view, counts, terms }: DonutProps) {
  const buckets = BUCKETS.map((bucket) => ({
    bucket,
    count: counts[bucket],
    ...BUCKET_LOOKS[bucket],
  }));
  const filled = buckets.filter(({ count }) => count > 0);
  const svg = await renderChart({
    width: SIZE,
    height: SIZE,
    option: {
      series: [
        {
          type: "pie",
          radius: ["68%", "98%"],
          startAngle: 90,
          label: { show: false },
          emptyCircleStyle: { color: "var(--not-applicable-soft)" },
          itemStyle: { borderColor: "var(--surface)", borderWidth: 2 },
          data: filled.map(({ label, count, color }) => ({
            name: label,
            value: count,
            itemStyle: { color },
          })),
        },
      ],
    },
    partAt: (_series, index) => {
      const part = filled[index];
      return (
        part && {
          label: `${part.label}: ${plural(part.count, "row")}`,
          href: rowsUrl(view, terms, part.bucket),
        }
      );
    },
  });
  return (
    <div class="donut">
      <div class="chart">{raw(withTotal(svg, counts.total))}</div>
      <ul class="legend">
        {buckets.map(({ bucket, label, icon, count }) => (
          <li>
            <a href={rowsUrl(view, terms, bucket)} data-count={count}>
              <span class={`badge ${bucket}`}>
                <Icon view={view} name={icon} />
                {label}
              </span>
              <span />
              <b>{countWords(count)}</b>
              <span class="share">{share(count, counts.total)}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function withTotal(svg: string, total: number): string {
  const middle = SIZE / 2;
  const text =
    `<text x="${middle}" y="${middle + 4}" text-anchor="middle" fill="var(--text)" font-size="34" font-weight="650">` +
    `${countWords(total)}</text>` +
    `<text x="${middle}" y="${middle + 26}" text-anchor="middle" fill="var(--muted)" font-size="14">` +
    `${total === 1 ? "installation" : "installations"}</text>`;
  return svg.replace(/<\/svg>$/, `${text}</svg>`);
}

/** A share that exists is never rounded to nothing, nor one that is not whole to all. */
function share(count: number, total: number): string {
  if (total === 0 || count === 0) return "";
  const percent = (100 * count) / total;
  if (percent < 1) return "< 1 %";
  if (percent > 99 && count < total) return "> 99 %";
  return `${Math.round(percent)} %`;
}
