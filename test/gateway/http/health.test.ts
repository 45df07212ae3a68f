import { describe, expect, test } from "bun:test";
import { ApiHarness } from "./api-harness.ts";
import { jsonOf } from "./scenario-kit.ts";

describe("health", () => {
  test("/livez answers whoever asks, whatever else is wrong", async () => {
    await using harness = await ApiHarness.open({
      checks: [{ name: "disk", check: () => "3 MB are free, 1 GB is needed" }],
    });
    expect((await harness.ask("GET", "//livez")).status).toBe(200);
    const ready = await harness.ask("GET", "//readyz");
    expect(ready.status).toBe(503);
    expect(ready.headers.get("Retry-After")).toBe("5");
  });

  test("/readyz names what holds and what does not", async () => {
    await using harness = await ApiHarness.open({
      checks: [
        { name: "database", check: () => undefined },
        { name: "clock", check: async () => "the clock says 1970" },
        {
          name: "broken",
          check: () => {
            throw new Error("secret detail of /var/lib");
          },
        },
      ],
    });
    const answer = await harness.ask("GET", "//readyz");
    expect(answer.status).toBe(503);
    expect(await jsonOf(answer)).toEqual({
      status: "not ready",
      checks: [
        { name: "database", ok: true },
        { name: "clock", ok: false, reason: "the clock says 1970" },
        { name: "broken", ok: false, reason: "the check itself failed; the log says how" },
      ],
    });
  });

  test("/readyz is 200 when all holds", async () => {
    await using harness = await ApiHarness.open({
      checks: [{ name: "database", check: async () => undefined }],
    });
    const answer = await harness.ask("GET", "//readyz");
    expect([answer.status, (await jsonOf(answer)).status]).toEqual([200, "ready"]);
  });

  test("/metrics counts by route, not by path, and is not for everybody", async () => {
    await using harness = await ApiHarness.open();
    expect((await harness.ask("GET", "//metrics")).status).toBe(401);
    const viewer = await harness.token("viewer");
    await harness.ask("GET", "/devices/0123456789abcdef0123456789abcdef", { headers: viewer });
    const headers = await harness.token("viewer", "metrics:read");
    const answer = await harness.ask("GET", "//metrics", { headers });
    expect(answer.headers.get("Content-Type")).toStartWith("text/plain; version=0.0.4");
    const text = await answer.text();
    const line =
      'outpost_http_requests_total{method="GET",route="/api/v1/devices/:id",status="404"} 1';
    expect(text).toContain(line);
    expect(text).not.toContain("0123456789abcdef");
  });
});
