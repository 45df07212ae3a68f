import { describe, expect, test } from "bun:test";
import { METRICS } from "../../../gateway/telemetry/metric-names.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";

const lines = async (metrics: Metrics) =>
  (await metrics.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));

describe("Metrics", () => {
  test("counts with labels", async () => {
    const metrics = new Metrics();
    metrics.count("outpost_job_runs_total", { job: "replan", outcome: "ok" });
    metrics.count("outpost_job_runs_total", { job: "replan", outcome: "ok" }, 2);
    expect(await lines(metrics)).toEqual(['outpost_job_runs_total{job="replan",outcome="ok"} 3']);
  });

  test("sorts measurements into the buckets of the table", async () => {
    const metrics = new Metrics();
    metrics.observe("outpost_http_request_seconds", { route: "/" }, 0.02);
    expect(await lines(metrics)).toContain(
      'outpost_http_request_seconds_bucket{le="0.025",route="/"} 1',
    );
    expect(await lines(metrics)).toContain(
      'outpost_http_request_seconds_bucket{le="0.01",route="/"} 0',
    );
  });

  test("asks a gauge at each scrape and forgets what it no longer names", async () => {
    const metrics = new Metrics();
    let buckets = ["failed", "pending"];
    metrics.gauge("outpost_installations", () =>
      buckets.map((bucket) => ({ labels: { bucket }, value: 7 })),
    );
    expect(await lines(metrics)).toHaveLength(2);
    buckets = ["pending"];
    expect(await lines(metrics)).toEqual(['outpost_installations{bucket="pending"} 7']);
  });

  test("shows nothing that nobody measures", async () => {
    expect(await lines(new Metrics())).toEqual([]);
  });

  test("two processes' metrics in one test do not mix", async () => {
    const [first, second] = [new Metrics(), new Metrics()];
    first.count("outpost_content_served_bytes_total", {}, 10);
    expect(await lines(second)).toEqual([]);
  });

  test("names follow the conventions of Prometheus", () => {
    for (const [name, rule] of Object.entries(METRICS)) {
      expect(name).toMatch(/^outpost_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(rule.kind === "counter");
    }
  });
});
