import { raw } from "hono/html";
import type { Occurrence } from "../../../devices/model/window.ts";
import type { InstantMark } from "../console-deps.ts";
import { clockWords, dayWords, localMinutes } from "../time-words.ts";
import { url, type View } from "../view.ts";
import { renderChart } from "./render-chart.ts";

const ROW_HEIGHT = 34;
const AXIS_HEIGHT = 28;
const WIDTH = 860;
const LABEL_WIDTH = 96;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
/** Whole hours between two lines of the axis, the first that gives at most twelve of them. */
const HOUR_STEPS = [1, 2, 3, 4, 6, 12, 24] as const;

export interface OccurrenceChartProps {
  readonly view: View;
  readonly occurrences: readonly Occurrence[];
  readonly marks: readonly InstantMark[];
  readonly zone: string;
}

/**
 * The coming occurrences, a row each, over the local time of day; a tick is the instant of one
 * device. An occurrence past midnight runs on to the right of its start day.
 */
export async function OccurrenceChart({ view, occurrences, marks, zone }: OccurrenceChartProps) {
  const rows = occurrences.map((occurrence) => {
    const from = localMinutes(occurrence.startMs, zone);
    return { ...occurrence, from, to: from + (occurrence.endMs - occurrence.startMs) / MINUTE_MS };
  });
  const ticks = marks.flatMap((mark) => {
    const index = rows.findIndex((row) => row.startMs === mark.startMs);
    const row = rows[index];
    if (row === undefined) return [];
    return [{ mark, x: row.from + (mark.instantMs - row.startMs) / MINUTE_MS, y: index }];
  });
  const { min, max, step } = scale(rows);
  const now = rows.findIndex(({ startMs, endMs }) => startMs <= view.nowMs && view.nowMs < endMs);

  const svg = await renderChart({
    width: WIDTH,
    height: rows.length * ROW_HEIGHT + AXIS_HEIGHT,
    option: {
      grid: { left: LABEL_WIDTH, right: 14, top: 4, bottom: AXIS_HEIGHT },
      xAxis: {
        type: "value",
        min,
        max,
        interval: step,
        axisLabel: { color: "var(--muted)", fontSize: 12, formatter: hourLabel },
        splitLine: { lineStyle: { color: "var(--line)" } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map(({ startMs }) => dayWords(startMs, zone)),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { color: "var(--text)", fontSize: 12 },
      },
      series: [
        {
          type: "bar",
          stack: "time",
          silent: true,
          itemStyle: { color: "none" },
          data: rows.map(({ from }) => from),
        },
        {
          type: "bar",
          stack: "time",
          barWidth: 20,
          itemStyle: { color: "var(--accent-soft)", borderColor: "var(--accent)", borderRadius: 4 },
          data: rows.map(({ from, to }) => to - from),
        },
        {
          type: "scatter",
          symbol: "rect",
          symbolSize: [2, 20],
          data: ticks.map(({ mark, x, y }) => ({
            value: [x, y],
            itemStyle: {
              color: mark.evaluatedAtMs === null ? "var(--accent)" : "var(--received)",
            },
          })),
        },
        {
          type: "scatter",
          symbol: "triangle",
          symbolSize: 10,
          symbolOffset: [0, -12],
          symbolRotate: 180,
          itemStyle: { color: "var(--failed)" },
          data: rows
            .filter((_row, index) => index === now)
            .map(({ from, startMs }) => [from + (view.nowMs - startMs) / MINUTE_MS, now]),
        },
      ],
    },
    partAt: (series, index) => {
      if (series === 2) return tickPart(view, ticks[index]?.mark, zone);
      if (series === 3) return { label: "now" };
      if (series === 0) return undefined; // Holds the bar in its place and is not seen.
      const row = rows[index];
      return row && { label: `${clockWords(row.startMs, zone)} to ${clockWords(row.endMs, zone)}` };
    },
  });
  return <div class="chart chart-wide">{raw(svg)}</div>;
}

function tickPart(view: View, mark: InstantMark | undefined, zone: string) {
  if (mark === undefined) return undefined;
  const done = mark.evaluatedAtMs === null ? "" : ", done";
  return {
    label: `${mark.deviceName} at ${clockWords(mark.instantMs, zone)}${done}`,
    href: url(view, `/devices/${mark.device}`),
  };
}

function scale(rows: readonly { readonly from: number; readonly to: number }[]) {
  const first = Math.min(...rows.map(({ from }) => from));
  const last = Math.max(...rows.map(({ to }) => to));
  const hours = HOUR_STEPS.find((one) => (last - first) / (one * 60) <= 12) ?? 24;
  const step = hours * 60;
  return { min: Math.floor(first / step) * step, max: Math.ceil(last / step) * step, step };
}

function hourLabel(minutes: number): string {
  const day = Math.floor(minutes / DAY_MINUTES);
  const hours = Math.floor((minutes % DAY_MINUTES) / 60);
  const text = `${String(hours).padStart(2, "0")}:00`;
  return day === 0 ? text : `${text} +${day}`;
}
