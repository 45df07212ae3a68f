import { describe, expect, test } from "bun:test";

describe("charts in a process of their own", () => {
  test("lets the process end: nothing of a chart stays behind", async () => {
    const program = `
      const { renderChart } = await import("${import.meta.dir}/../../../gateway/console/charts/render-chart.ts");
      await renderChart({ width: 10, height: 10, option: { series: [{ type: "pie", data: [1] }] }, partAt: () => undefined });
    `;
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ""]);
  });

  test("is not loaded before the first chart", async () => {
    const program = `
      await import("${import.meta.dir}/../../../gateway/console/console-routes.ts");
      const loaded = Object.keys(require.cache).filter((name) => name.includes("/echarts/"));
      process.exit(loaded.length === 0 ? 0 : 3);
    `;
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ""]);
  });
});
