import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { MATRIX } from "../fixtures/status-matrix.ts";
import { AutoPhone } from "../harness/auto-phone.ts";
import { phone as playPhone } from "../harness/phone.ts";
import { Loose, Rows, Scenario } from "../harness/scenario.ts";

const MatrixAnswer = z.array(
  z.looseObject({
    platform: z.string(),
    status: z.string(),
    state: z.string(),
    description: z.string(),
  }),
);
const Linked = z.looseObject({ count: z.number(), link: z.string() });

/** App X for ten iOS devices of group G, and what nine of them reported. */
async function prepareAppX(site: Scenario): Promise<void> {
  await site.api.send("/api/v1/groups/G", {
    method: "PUT",
    json: { members: { kind: "filter", filter: "platform:iOS" } },
  });
  await site.api.send("/api/v1/packages", {
    method: "POST",
    json: { id: "app-x", name: "App X", platform: "iOS" },
  });
  await site.api.send("/api/v1/packages/app-x/revisions", {
    method: "POST",
    json: { id: "app-x-1", version: "1.0", minimumOsVersion: "15" },
  });
  const values = [
    "Managed",
    "Managed",
    "Managed",
    "Managed",
    "PromptingForUpdate",
    "Queued",
    "Queued",
    "NeedsRedemption",
    "UserRejected",
    null,
  ];
  const devices: string[] = [];
  for (const [index, value] of values.entries()) {
    const { id } = await site.device(`ios-${index}`, {
      platform: "iOS",
      osVersion: value === null ? "14.0" : "16.0",
    });
    devices.push(id);
  }
  await site.api.send("/api/v1/distributions", {
    method: "POST",
    json: { id: "app-x-all", package: "app-x", target: { kind: "group", group: "G" } },
  });
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    await site.api.send(`/api/v1/devices/${devices[index]}/facts`, {
      method: "POST",
      json: [{ distribution: "app-x-all", source: "apple", value }],
      headers: { "idempotency-key": `fact-${index}` },
    });
  }
}

describe("report scenarios", () => {
  let site: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "both" });
    await site.prepare();
    await prepareAppX(site);
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  test("S-01 the matrix of site and hub, byte for byte", async () => {
    const hub = await site.gateway.signIn("/hub");
    for (const api of [site.api, hub]) {
      const rows = await api.request("/api/v1/matrix", MatrixAnswer);
      expect(rows.map(({ platform, status, state }) => [platform, status, state])).toEqual(
        MATRIX.map((row) => [...row]),
      );
      expect(rows.every(({ description }) => description.length > 10)).toBe(true);
    }
  });

  test("S-02 ten iOS devices by direct facts: counts and what is behind them", async () => {
    const { buckets } = await site.api.request(
      "/api/v1/distributions/app-x-all",
      z.looseObject({ buckets: z.record(z.string(), Linked) }),
    );
    const counts = Object.fromEntries(
      Object.entries(buckets).map(([bucket, { count }]) => [bucket, count]),
    );
    expect(counts).toMatchObject({
      received: 5,
      pending: 3,
      failed: 1,
      not_applicable: 1,
      removed: 0,
    });
    for (const { count, link } of Object.values(buckets)) {
      const { rows } = await site.api.request(link, Rows);
      expect(rows).toHaveLength(count);
      expect(rows.every((row) => row.statusLabel !== "" && row.description !== "")).toBe(true);
    }
  });

  test("S-02 ten Windows devices over SyncML: the same counts, the same rows behind them", async () => {
    const told: (number | "not-relevant")[] = [5, 5, 5, 5, "not-relevant", 1, 1, 2, 7, 5];
    const updated = 9; // Has an older version, and is asked whether to update it.
    const devices: AutoPhone[] = [];
    for (const [index, status] of told.entries()) {
      const { id, raw } = await site.device(`s02-${index}`, {
        osVersion: status === "not-relevant" ? "8.1.0.0" : "10.0.15254.0",
        osPlatform: "Windows 10 Mobile",
      });
      const phone = new AutoPhone(id, raw, index === updated ? "1.0.0.0" : null);
      await phone.contact();
      devices.push(phone);
    }
    await site.api.send("/api/v1/groups/S02", {
      method: "PUT",
      json: { members: { kind: "list", devices: devices.map(({ id }) => id) } },
    });
    const { sha256 } = await site.upload("content of S-02");
    await site.api.send("/api/v1/packages/contoso-app/revisions", {
      method: "POST",
      json: {
        id: "contoso-app-s02",
        version: "2.2.0.0",
        minimumOsVersion: "10.0",
        file: { sha256, name: "ContosoApp1.xap" },
      },
    });
    await site.api.send("/api/v1/distributions", {
      method: "POST",
      json: {
        id: "s02-all",
        package: "contoso-app",
        revision: "contoso-app-s02",
        mode: "on-demand",
        target: { kind: "group", group: "S02" },
      },
    });
    for (const [index, phone] of devices.entries()) {
      const status = told[index];
      if (status === "not-relevant" || status === undefined) continue;
      await site.request(phone.id, "s02-all");
      await phone.contact();
      phone.state.say = () => undefined;
      phone.state.download = { status: index === updated ? 0 : status };
      await phone.raw.session(playPhone(phone.state));
    }
    const { buckets } = await site.api.request(
      "/api/v1/distributions/s02-all",
      z.looseObject({ buckets: z.record(z.string(), Linked) }),
    );
    for (const [bucket, expected] of Object.entries({
      received: 5,
      pending: 3,
      failed: 1,
      not_applicable: 1,
      removed: 0,
    })) {
      const { count, link } = buckets[bucket] ?? { count: -1, link: "" };
      expect([bucket, count]).toEqual([bucket, expected]);
      const { rows } = await site.api.request(link, Rows);
      expect(rows).toHaveLength(expected);
    }
  }, 20_000);

  test("S-61 retry from the report, and stop", async () => {
    const phones: AutoPhone[] = [];
    for (let n = 0; n < 4; n++) {
      const { id, raw } = await site.device(`s61-${n}`);
      phones.push(new AutoPhone(id, raw));
    }
    await site.api.send("/api/v1/groups/S61", {
      method: "PUT",
      json: { members: { kind: "list", devices: phones.map((phone) => phone.id) } },
    });
    const distribution = await site.distribute("6.1.0.0", {
      target: { kind: "group", group: "S61" },
    });
    for (const [index, phone] of phones.entries()) {
      await phone.contact();
      if (index === 3) continue; // Stays pending.
      await site.request(phone.id, distribution);
      await phone.contact();
      phone.state.download = { status: 7, lastError: -2145844844 };
      phone.state.say = () => undefined;
    }
    for (const phone of phones.slice(0, 3)) {
      const { raw, state } = phone;
      await raw.session(playPhone(state));
    }
    const failed = await site.rows(`distribution:${distribution} status:failed`);
    expect(failed).toHaveLength(3);
    await site.api.send("/api/v1/installations/retry", {
      method: "POST",
      json: { ids: failed.map((row) => row.id) },
    });
    const retried = await site.rows(`distribution:${distribution} attempt:2`);
    expect(retried.map((row) => row.statusLabel)).toEqual(Array(3).fill("Pending Install"));
    await site.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
    expect(await site.rows(`distribution:${distribution}`)).toHaveLength(0);
    expect(await site.rows(`distribution:${distribution} counted:false`)).toHaveLength(4);
  });

  test("S-62 the aggregate report as JSON and CSV adds up", async () => {
    const report = await site.api.request("/api/v1/reports/apps/app-x", Loose);
    const rows = report.rows as { count: number }[];
    const total = rows.reduce((sum, row) => sum + row.count, 0);
    expect(total).toBe(10);
    const response = await site.api.send("/api/v1/reports/apps/app-x?includeEmpty=true", {
      headers: { accept: "text/csv" },
    });
    expect(response.headers.get("content-type")).toStartWith("text/csv");
    const lines = (await response.text()).trim().split("\r\n");
    expect(lines.length).toBeGreaterThan(22);
  });
});
