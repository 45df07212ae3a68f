import { describe, expect, test } from "bun:test";
import { renderChart } from "../../../gateway/console/charts/render-chart.ts";
import { openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

describe("renderChart()", () => {
  test("leaves no script and no style in the picture, and links its parts", async () => {
    const svg = await renderChart({
      width: 100,
      height: 20,
      option: {
        grid: { left: 0, right: 0, top: 0, bottom: 0 },
        xAxis: { type: "value", axisLabel: { formatter: () => "<b>&" } },
        yAxis: { type: "category", data: ["<script>alert(1)</script>"] },
        series: [{ type: "bar", data: [3], itemStyle: { color: "var(--failed)" } }],
      },
      partAt: () => ({ label: '3 "rows" <here>', href: "/installations?a=1&b=2" }),
    });
    expect(svg).toStartWith('<svg viewBox="0 0 100 20" aria-hidden="true">');
    expect(svg).not.toMatch(/<style|<script| style=| class=|ecmeta|http:/);
    expect(svg).toContain('<a href="/installations?a=1&amp;b=2" tabindex="-1">');
    expect(svg).toContain("<title>3 &quot;rows&quot; &lt;here&gt;</title>");
    expect(svg).toContain("var(--failed)");
  });

  test("says in text what it shows: the ring's parts are the legend's numbers", async () => {
    await using console_ = await openConsole({ devices: 40 });
    const page = await readPage(await console_.get(""));
    const counts = await console_.deps.reports.buckets([]);
    for (const [label, count] of [
      ["Received", counts.received],
      ["Pending", counts.pending],
      ["Failed", counts.failed],
    ] as const) {
      expect(page.html).toContain(`<title>${label}: ${count} rows</title>`);
      expect(page.text).toMatch(new RegExp(`${label}\\s+${count} `));
    }
  });

  test("a window's picture has a row for each of ten occurrences and a tick for each device", async () => {
    await using console_ = await openConsole({ devices: 30 });
    const page = await readPage(await console_.get("/windows/every-night"));
    expect(page.html.match(/<title>22:00 to 02:00</g)?.length).toBe(10);
    expect(page.html.match(/<title>[a-z]+-\d+ at \d\d:\d\d<\/title>/g)?.length).toBe(60);
    expect(page.text).toContain("30 devices");
  });
});
