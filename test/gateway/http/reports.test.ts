import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { INSTALLATION_FIELDS, parseFilter } from "../../../devices/filter/filter.ts";
import { parseCsv } from "../../../gateway/reports/csv.ts";
import { ApiHarness } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

let harness: ApiHarness;
let kit: ScenarioKit;
async function open(): Promise<void> {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
}
const close = () => harness[Symbol.asyncDispose]();

/** S-02's ten iOS devices: 4 installed, 1 to be updated, 3 pending, 1 failed, 1 too old. */
async function tenDevices(): Promise<string> {
  const devices: string[] = [];
  for (let index = 0; index < 10; index++) {
    const osVersion = index === 9 ? "14.0" : "16.0";
    devices.push(await kit.device(`ios-${index}`, "iOS", { osVersion, name: `Phone ${index}` }));
  }
  await kit.want(201, "PUT", "/groups/G", { members: { kind: "list", devices } });
  const distribution = await kit.distribute("app-x", "iOS", {
    revision: { minimumOsVersion: "15.0" },
    distribution: { target: { kind: "group", group: "G" }, mode: "on-demand" },
  });
  const words = [
    ...Array(4).fill("Managed"),
    "PromptingForUpdate",
    "Queued",
    "Queued",
    "NeedsRedemption",
    "UserRejected",
  ];
  for (const [index, word] of words.entries()) {
    await kit.fact(devices[index] ?? "", distribution, "apple", word);
  }
  return distribution;
}

describe("counts and what is behind them", () => {
  let distribution: string;
  beforeAll(async () => {
    await open();
    distribution = await tenDevices();
  });
  afterAll(close);

  test("S-02: every count of a distribution leads to as many rows, each with its words", async () => {
    const shown = await kit.want(200, "GET", `/distributions/${distribution}`);
    const counts = Object.fromEntries(
      Object.entries(shown.buckets).map(([name, one]) => [name, (one as { count: number }).count]),
    );
    expect(counts).toEqual({ received: 5, pending: 3, failed: 1, not_applicable: 1, removed: 0 });
    expect(shown.total.count).toBe(10);
    for (const { count, link } of [shown.total, ...Object.values(shown.buckets)] as {
      count: number;
      link: string;
    }[]) {
      const { rows, total } = await kit.follow(link);
      expect([rows.length, total]).toEqual([count, count]);
      for (const row of rows) {
        expect(row.statusLabel).not.toBe("");
        expect(row.description).not.toBe("");
      }
    }
  });

  test("M-003, M-004: a package has an installation count and a distribution count", async () => {
    const shown = await kit.want(200, "GET", "/packages/app-x");
    expect([shown.distributionCount.count, shown.installationCount.count]).toEqual([10, 5]);
    expect((await kit.follow(shown.installationCount.link)).total).toBe(5);
    expect((await kit.follow(shown.distributionCount.link)).total).toBe(10);
  });

  test("the summary's numbers all lead to their lists", async () => {
    const summary = await kit.want(200, "GET", "/reports/summary?filter=platform:iOS");
    const groups = [...summary.platforms, ...summary.packages, ...summary.sites];
    expect(groups.length).toBe(3);
    const counts = [summary, ...groups].flatMap((one) => [
      one.total,
      ...Object.values(one.buckets as Record<string, { count: number; link: string }>),
    ]);
    for (const { count, link } of [...counts, summary.attention]) {
      expect([link, (await kit.follow(link)).total]).toEqual([link, count]);
    }
  });

  test("S-62: the report of an app sums up to the distribution count, as JSON and as CSV", async () => {
    const report = await kit.want(200, "GET", "/reports/apps/app-x");
    const sum = report.rows.reduce((total: number, row: { count: number }) => total + row.count, 0);
    expect([sum, report.total.count]).toEqual([10, 10]);
    for (const row of report.rows) {
      expect([row.link, (await kit.follow(row.link)).total]).toEqual([row.link, row.count]);
    }
    const headers = { ...kit.headers, Accept: "text/csv" };
    const answer = await harness.ask("GET", "/reports/apps/app-x", { headers });
    expect(answer.headers.get("Content-Type")).toStartWith("text/csv");
    const [header, ...lines] = parseCsv(await answer.text());
    expect(header?.cells).toEqual([
      "platform",
      "status",
      "code",
      "state",
      "description",
      "bucket",
      "count",
    ]);
    const csvSum = lines.reduce((total, { cells }) => total + Number(cells.at(-1)), 0);
    expect(csvSum).toBe(10);
  });

  test("S-62: empty states can be included, and the report filtered", async () => {
    const all = await kit.want(200, "GET", "/reports/apps/app-x?includeEmpty=true");
    expect(all.rows).toHaveLength(22);
    const total = async (query: string) =>
      (await kit.want(200, "GET", `/reports/apps/app-x?${query}`)).total.count;
    expect(await total("site=prague&group=G")).toBe(10);
    expect(await total("site=brno")).toBe(0);
    expect(await total("group=Nobody")).toBe(0);
    expect(await total("version=2.0")).toBe(4);
    expect(await total("filter=bucket:failed")).toBe(1);
    await kit.want(404, "GET", "/reports/apps/no-such-app");
  });

  test("S-10: the key is status and state, and filters take labels and codes", async () => {
    const first = await kit.device("a-1", "Android");
    const second = await kit.device("a-2", "Android");
    const made = await kit.distribute("app-a", "Android");
    await kit.fact(first, made, "android", "Installing/Unexpected error occurred");
    await kit.fact(second, made, "android", "Failed/Unexpected error occurred");
    const total = async (filter: string) =>
      (await kit.want(200, "GET", `/installations?filter=${encodeURIComponent(filter)}`)).total;
    expect(await total('status:Failed state:"Unexpected error occurred"')).toBe(1);
    expect(await total('status:failed state:"unexpected error occurred"')).toBe(1);
    expect(await total('state:"Unexpected error occurred"')).toBe(2);
  });

  test("S-01: the matrix has 56 rows with descriptions", async () => {
    const rows = await kit.want(200, "GET", "/matrix");
    const perPlatform = (name: string) =>
      rows.filter(({ platform }: { platform: string }) => platform === name).length;
    expect([perPlatform("iOS"), perPlatform("Windows"), perPlatform("Android")]).toEqual([
      22, 6, 28,
    ]);
    const states = rows.map(({ state }: { state: string }) => state);
    expect(states).toContain("App installation has failed.");
    expect(rows.every((row: { description: string }) => row.description.length > 10)).toBe(true);
  });
});

describe("S-61: retry and stop", () => {
  beforeEach(open);
  afterEach(close);

  test("failed rows are retried by a filter; the others say why not", async () => {
    const distribution = await tenDevices();
    const [failed] = (await kit.want(200, "GET", "/installations?filter=bucket:failed")).rows;
    const outcome = await kit.want(200, "POST", "/installations/retry", {
      filter: `distribution:${distribution} bucket:failed,received`,
    });
    expect([outcome.done, outcome.refused]).toEqual([1, 5]);
    const row = await kit.want(200, "GET", `/installations/${failed.id}`);
    expect(row).toMatchObject({ status: "pending_install", attempt: 2, bucket: "pending" });
    const history = await kit.want(200, "GET", `/installations/${failed.id}/history`);
    expect(history.at(-1)).toMatchObject({ value: "retried", by: "token:admin-token" });
  });

  test("a row that cannot be retried is refused with what is allowed", async () => {
    const distribution = await tenDevices();
    const [pending] = (await kit.want(200, "GET", "/installations?filter=bucket:pending")).rows;
    const problem = await kit.want(409, "POST", `/installations/${pending.id}/retry`);
    expect(problem).toMatchObject({ code: "conflict", allowed: expect.any(Array) });
    expect(distribution).not.toBe("");
  });

  test("bulk selections are checked", async () => {
    await kit.want(422, "POST", "/installations/retry", {});
    await kit.want(422, "POST", "/installations/retry", { filter: "" });
    await kit.want(422, "POST", "/installations/retry", { filter: "a:b", ids: ["x"] });
    await kit.want(400, "POST", "/installations/retry", { filter: "nonsense:1" });
    const problem = await kit.want(422, "POST", "/installations/retry", { ids: ["a.b"] });
    expect(problem.errors).toEqual([{ pointer: "/ids/0", detail: expect.any(String) }]);
  });

  test("a stopped distribution keeps what is installed and lets go of the rest", async () => {
    const distribution = await tenDevices();
    const stopped = await kit.want(200, "POST", `/distributions/${distribution}/stop`);
    expect(stopped.stoppedAt).not.toBeNull();
    expect(stopped.buckets).toMatchObject({
      received: { count: 4 },
      pending: { count: 0 },
      failed: { count: 0 },
    });
    const again = await kit.want(200, "POST", `/distributions/${distribution}/stop`);
    expect(again.stoppedAt).toBe(stopped.stoppedAt);
  });

  test("D6: on-demand work is requested, Automatic work is not", async () => {
    const distribution = await tenDevices();
    const device = await kit.device("ios-late", "iOS", { osVersion: "16.0" });
    await kit.want(200, "PUT", "/groups/G", { members: { kind: "list", devices: [device] } });
    const id = kit.rowId(distribution, device);
    const requested = await kit.want(200, "POST", `/installations/${id}/request`);
    expect(requested.reason).not.toBe("available-on-demand");
    await kit.want(200, "POST", `/installations/${id}/request`);
    await kit.want(404, "POST", "/installations/nobody/request");
  });
});

describe("lists", () => {
  beforeAll(open);
  afterAll(close);

  test("unknown parameters are refused: a forgotten filter must not mean everything", async () => {
    const problem = await kit.want(400, "GET", "/installations?status=Failed");
    expect(problem.errors).toEqual([{ parameter: "status", detail: "there is no such field" }]);
  });

  test.each(["limit=0", "limit=501", "limit=x", "limit=1.5", "sort=name;drop", "format=xml"])(
    "%s is refused",
    async (query) => {
      await kit.want(400, "GET", `/installations?${query}`);
    },
  );

  test.each(["limit=1", "limit=500"])("%s is taken", async (query) => {
    await kit.want(200, "GET", `/installations?${query}`);
  });

  test("a filter that cannot be read says where and what was expected", async () => {
    const problem = await kit.want(400, "GET", "/installations?filter=nonsense:1");
    expect(problem.detail).toMatch(/expected one of .*site, device, deviceName/);
  });

  test("a word that a field never holds is a slip of the pen, not an empty list", async () => {
    const ask = (status: number, path: string, filter: string) =>
      kit.want(status, "GET", `${path}?filter=${encodeURIComponent(filter)}`);
    const problem = await ask(400, "/installations", "status:instaled");
    expect(problem.detail).toStartWith(
      'status is never "instaled"; it is one of: pending_install,',
    );
    await ask(400, "/installations", "-bucket:Pending,done");
    await ask(400, "/reports/summary", "platform:win");
    await ask(400, "/devices", "compliance:yes");
    const filter = { kind: "filter", filter: "platform:win" };
    const refused = await kit.want(422, "PUT", "/groups/PCs", { members: filter });
    expect(refused.errors[0].pointer).toBe("/members/filter");
    for (const known of ['status:"pending install"', "reason:", "platform:win*", "bucket:FAILED"]) {
      await ask(200, "/installations", known.endsWith(":") ? `${known}""` : known);
    }
  });

  test("pages follow one another, and fields choose the columns", async () => {
    await tenDevices();
    const seen: string[] = [];
    const list =
      "/installations?limit=4&sort=-deviceName&fields=id,deviceName&filter=package:app-x";
    let path = list;
    for (;;) {
      const { rows, next, total } = await kit.want(200, "GET", path);
      expect(total).toBe(10);
      for (const row of rows) expect(Object.keys(row)).toEqual(["id", "deviceName"]);
      seen.push(...rows.map((row: { deviceName: string }) => row.deviceName));
      if (next === null) break;
      path = `${list}&cursor=${next}`;
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => `Phone ${9 - index}`));
    await kit.want(400, "GET", "/installations?fields=passwordHash");
  });

  test("a CSV has all rows of the same filter, and no formula is run", async () => {
    await kit.device("x-1", "Android", { name: '=cmd|"/C calc"!A0' });
    await kit.device("x-2", "Android", { name: "+1, 2" });
    await kit.distribute("app-a", "Android");
    const headers = { ...kit.headers, Accept: "text/csv" };
    const filter = "package:app-a";
    const path = `/installations?fields=deviceName,attempt,since&filter=${filter}`;
    const answer = await harness.ask("GET", path, { headers });
    expect(answer.headers.get("Content-Disposition")).toBe(
      'attachment; filename="installations.csv"',
    );
    const text = await answer.text();
    expect(text).toContain(`"'=cmd|""/C calc""!A0",1,2026-11-21T12:00:00.000Z\r\n`);
    expect(text).toContain(`"'+1, 2",1,`);
    const counted = await harness.deps.reports.count(parseFilter(filter, INSTALLATION_FIELDS));
    expect(parseCsv(text)).toHaveLength(counted + 1);
    const withLimit = await harness.ask("GET", "/installations?limit=5&format=csv", { headers });
    expect(withLimit.status).toBe(400);
    const wrong = await harness.ask("GET", "/installations?format=csv&sort=nothing", { headers });
    expect(wrong.status).toBe(400);
  });
});
