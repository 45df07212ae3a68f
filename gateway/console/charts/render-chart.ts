import type { EChartsCoreOption } from "echarts/core";

/** What a part of a chart stands for: where it leads and what it says when it is pointed at. */
export interface ChartPart {
  readonly label: string;
  readonly href?: string;
}

export interface ChartPicture {
  readonly option: EChartsCoreOption;
  readonly width: number;
  readonly height: number;
  /** Undefined for parts that mean nothing by themselves. */
  readonly partAt: (seriesIndex: number, dataIndex: number) => ChartPart | undefined;
  /** Bars fill the width they get, whatever its proportion. */
  readonly stretch?: true;
}

type ECharts = typeof import("echarts/core");

/** About a megabyte of code: loaded when the first chart is drawn, not when the gateway starts. */
let loading: Promise<ECharts> | undefined;

/**
 * Draws a chart as SVG text for a page. No script, no style sheet and no style attributes are left in
 * it, so that a strict content policy holds. Readers get the same numbers as text beside it: the
 * picture itself is hidden from them.
 */
export async function renderChart(picture: ChartPicture): Promise<string> {
  loading ??= load();
  const { init } = await loading;
  const { option, width, height } = picture;
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return cleaned(chart.renderToSVGString(), picture);
  } finally {
    chart.dispose(); // Otherwise the process never ends. [D32]
  }
}

async function load(): Promise<ECharts> {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.PieChart,
    charts.BarChart,
    charts.ScatterChart,
    components.GridComponent,
    components.MarkLineComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

const SHAPE = /<path ([^>]*?)ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)"[^>]*><\/path>/g;

function cleaned(svg: string, { width, height, partAt, stretch }: ChartPicture): string {
  const inside = svg
    .replace(/^<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<style[\s\S]*?<\/style>/g, "")
    .replace(/<rect [^>]*fill="none"><\/rect>/g, "")
    .replace(/ style="([^"]*)"/g, (_whole, style: string) => presentation(style))
    .replace(SHAPE, (_whole, attributes: string, series: string, data: string) =>
      shape(attributes, partAt(Number(series), Number(data))),
    )
    .replace(/ class="[^"]*"/g, "")
    .replace(/\n+/g, "");
  const ratio = stretch ? ' preserveAspectRatio="none"' : "";
  return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true"${ratio}>${inside}</svg>`;
}

function shape(attributes: string, part: ChartPart | undefined): string {
  const path = (inner: string) => `<path ${attributes.trim()}>${inner}</path>`;
  if (part === undefined) return path("");
  const drawn = path(`<title>${escaped(part.label)}</title>`);
  return part.href === undefined
    ? drawn
    : `<a href="${escaped(part.href)}" tabindex="-1">${drawn}</a>`;
}

/** Only the size of text matters; its font is the page's. */
function presentation(style: string): string {
  const size = /font-size:([\d.]+)px/.exec(style)?.[1];
  const isBold = /font-weight:(bold|600)/.test(style);
  return `${size ? ` font-size="${size}"` : ""}${isBold ? ' font-weight="600"' : ""}`;
}

function escaped(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
