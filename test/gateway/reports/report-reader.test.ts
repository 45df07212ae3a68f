import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { like } from "drizzle-orm";
import {
  DEVICE_FIELDS,
  type Filter,
  type FilterFields,
  INSTALLATION_FIELDS,
  parseFilter,
  printFilter,
  type Term,
} from "../../../devices/filter/filter.ts";
import { deviceRecord } from "../../../devices/filter/groups.ts";
import { type FilterRecord, matches } from "../../../devices/filter/match.ts";
import type { SiteId } from "../../../devices/model/ids.ts";
import { BUCKETS, STATUSES } from "../../../devices/model/installation.ts";
import type { OutpostDatabase } from "../../../gateway/db/database.ts";
import { installations } from "../../../gateway/db/schema/installations.ts";
import { SqlReportReader } from "../../../gateway/db/stores/report-reader.ts";
import type { ListQuery, Page, ReportReader } from "../../../gateway/reports/report-reader.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { openMemory, TEST_NOW_MS } from "../db/temporary.ts";
import {
  groupsOfDevice,
  installationRecord,
  NAUGHTY,
  type RandomReport,
  randomReport,
  storeReport,
} from "./random-report.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const FILTERS = Bun.env.TEST_LONG ? 5_000 : 400;

let database: OutpostDatabase;
let reader: ReportReader;
let report: RandomReport;
let random = seededRandom(SEED);

beforeAll(async () => {
  report = randomReport(random, { devices: 120 });
  database = await openMemory();
  await storeReport(database, report);
  reader = new SqlReportReader({
    database,
    policy: { read: () => report.policy },
    isAtSite: false,
    siteOf: (site) => ({ name: `Site ${site}`, asOfMs: TEST_NOW_MS, stale: site === "oslo" }),
  });
});
afterAll(() => database.close());
// Tests run in any order: each draws from the seed anew.
beforeEach(() => {
  random = seededRandom(SEED);
});

describe("SqlReportReader", () => {
  test(`counts what matches() says, for ${FILTERS} random filters (TEST_SEED=${SEED})`, async () => {
    const records = report.rows.map((row) => installationRecord(row, report));
    const valuesOf = valuesByField(records);
    for (let round = 0; round < FILTERS; round++) {
      const filter = randomFilter(INSTALLATION_FIELDS, valuesOf);
      const expected = records.filter((record) => isSeen(filter, record)).length;
      expect([printFilter(filter), await reader.count(filter)]).toEqual([
        printFilter(filter),
        expected,
      ]);
    }
  });

  test(`a group has the members here that planning gives it (TEST_SEED=${SEED})`, async () => {
    for (const name of report.policy.groups.keys()) {
      const members = report.devices.filter(
        (device) => device.removedAtMs === null && groupsOfDevice(device, report).includes(name),
      );
      const counted = await reader.countDevices(parseFilter(`group:"${name}"`, DEVICE_FIELDS));
      expect([name, counted]).toEqual([name, members.length]);
    }
  });

  test(`counts devices as matches() does (TEST_SEED=${SEED})`, async () => {
    const records = report.devices.map(
      (device): FilterRecord => ({
        ...deviceRecord(device),
        group: groupsOfDevice(device, report),
      }),
    );
    const valuesOf = valuesByField(records);
    for (let round = 0; round < FILTERS; round++) {
      const filter = randomFilter(DEVICE_FIELDS, valuesOf);
      const namesRemoved = filter.some(({ field }) => field === "removed");
      const expected = records.filter(
        (record) =>
          matches(filter, record, DEVICE_FIELDS) && (namesRemoved || record.removed === false),
      ).length;
      const counted = await reader.countDevices(filter);
      expect([printFilter(filter), counted]).toEqual([printFilter(filter), expected]);
    }
  });

  test(`every count is the length of its list, whatever page size (TEST_SEED=${SEED})`, async () => {
    const records = report.rows.map((row) => installationRecord(row, report));
    const valuesOf = valuesByField(records);
    const filters = [
      [],
      ...BUCKETS.map((bucket) => parseFilter(`bucket:${bucket}`, INSTALLATION_FIELDS)),
      ...STATUSES.map((status) => parseFilter(`status:${status}`, INSTALLATION_FIELDS)),
      ...Array.from({ length: 20 }, () => randomFilter(INSTALLATION_FIELDS, valuesOf)),
    ];
    for (const filter of filters) {
      const total = await reader.count(filter);
      const limit = 1 + Math.floor(random() * 60);
      const sort = pick([undefined, "deviceName", "-since", "lastContact", "-version", "reason"]);
      const ids = await walk((query) => reader.list(query), { filter, limit, sort });
      expect(ids).toHaveLength(total);
      expect(new Set(ids).size).toBe(total);
      const buckets = await reader.buckets(filter);
      expect(buckets.total).toBe(total);
      expect(sum(BUCKETS.map((bucket) => buckets[bucket]))).toBe(total);
      for (const bucket of BUCKETS) {
        const one = parseFilter(`${printFilter(filter)} bucket:${bucket}`, INSTALLATION_FIELDS);
        expect(await reader.count(one)).toBe(buckets[bucket]);
      }
      const lines = await reader.breakdown(filter, { includeEmpty: false });
      expect(sum(lines.map((line) => line.count))).toBe(total);
      const groups = await reader.groupedBy(pick(["package", "site", "version", "reason"]), filter);
      expect(sum(groups.map((group) => group.counts.total))).toBe(total);
    }
  });

  test("a line of the breakdown leads to as many rows as it counts", async () => {
    for (const line of await reader.breakdown([], { includeEmpty: true })) {
      const filter: Filter = [
        term("platform", line.platform),
        term("status", line.status),
        term("state", line.state ?? ""),
        term("bucket", line.bucket),
      ];
      expect([line, await reader.count(filter)]).toEqual([line, line.count]);
    }
  });

  test("with includeEmpty all rows of the matrix are there", async () => {
    const nothing = parseFilter("device:nobody", INSTALLATION_FIELDS);
    const lines = await reader.breakdown(nothing, { includeEmpty: true });
    const perPlatform = (name: string) => lines.filter(({ platform }) => platform === name).length;
    expect([perPlatform("iOS"), perPlatform("Windows"), perPlatform("Android")]).toEqual([
      22, 28, 28,
    ]);
  });

  test("paging neither repeats nor loses rows when others come meanwhile", async () => {
    const filter = parseFilter("status:*", INSTALLATION_FIELDS);
    const before = await walk((query) => reader.list(query), { filter, limit: 500 });
    const [template] = report.rows;
    if (!template) throw new Error("no rows");
    let added = 0;
    const meanwhile = async (query: ListQuery) => {
      const page = await reader.list(query);
      added++;
      const row = { ...template, distribution: `a${added}`, counted: true, current: true };
      await database.writer.submit((db) =>
        db
          .insert(installations)
          .values({ ...row, winner: true, revisionCounter: 2 })
          .run(),
      );
      return page;
    };
    const seen = await walk(meanwhile, { filter, limit: 7, sort: "deviceName" });
    expect(new Set(seen).size).toBe(seen.length);
    const kept = new Set(seen);
    expect(before.filter((id) => !kept.has(id))).toEqual([]);
    await database.writer.submit((db) =>
      db.delete(installations).where(like(installations.distribution, "a%")).run(),
    );
  });

  test.each([...NAUGHTY])("the name %p finds itself and nothing breaks", async (name) => {
    const filter: Filter = [term("name", name)];
    const read = parseFilter(printFilter(filter), DEVICE_FIELDS);
    expect(read).toEqual(filter);
    const alive = report.devices.filter(({ removedAtMs }) => removedAtMs === null);
    const expected = alive.filter((device) => matches(filter, deviceRecord(device), DEVICE_FIELDS));
    expect(await reader.countDevices(read)).toBe(expected.length);
  });

  test.each([
    ["a cursor of another sort", { sort: "-since" }],
    ["no cursor at all", { cursor: "%%%" }],
    ["JSON that is not ours", { cursor: Buffer.from("[1,2]").toString("base64url") }],
    [
      "a cursor with a NUL",
      { cursor: Buffer.from('["","","\\u0000","",""]').toString("base64url") },
    ],
  ])("%s is refused", async (_name, change) => {
    const first = await reader.list({ filter: [], limit: 1 });
    const query = { filter: [], limit: 1, cursor: first.next ?? "", ...change };
    await expect(reader.list(query)).rejects.toThrow("the cursor is not of this list");
  });

  test("limits and sort fields are checked", async () => {
    await expect(reader.list({ filter: [], limit: 0 })).rejects.toThrow("from 1 to 500");
    await expect(reader.list({ filter: [], limit: 501 })).rejects.toThrow("from 1 to 500");
    await expect(reader.list({ filter: [], limit: 1, sort: "secret" })).rejects.toThrow(
      "sorted by secret",
    );
    await expect(reader.devices({ filter: [], limit: 1, sort: "toString" })).rejects.toThrow(
      "sorted by",
    );
  });

  test("a device's counts are those of the list behind them", async () => {
    const { rows } = await reader.devices({ filter: [], limit: 40, sort: "name" });
    for (const device of rows) {
      expect(device.counts.total).toBe(await reader.count([term("device", device.id)]));
      expect(device.aliases).toEqual(
        (report.aliases.get(device.id) ?? []).map((one) => one + device.id),
      );
    }
  });

  test("the change counter rises with a write", async () => {
    const before = reader.changeCounter();
    await database.writer.submit((db) =>
      db.update(installations).set({ revisionCounter: 3 }).run(),
    );
    expect(reader.changeCounter()).toBeGreaterThan(before);
  });

  test("a row says whose site it is and how fresh", async () => {
    const { rows } = await reader.list({
      filter: parseFilter("site:oslo", INSTALLATION_FIELDS),
      limit: 1,
    });
    const [row] = rows;
    expect(row).toMatchObject({ siteName: "Site oslo", siteStale: true, asOfMs: TEST_NOW_MS });
    const again = row && (await reader.installation(row));
    expect(again).toEqual(row);
    const nobody = {
      site: "nobody" as SiteId,
      distribution: row?.distribution,
      device: row?.device,
    };
    expect(await reader.installation(nobody as never)).toBeUndefined();
  });
});

/** The defaults of ReportReader, said once more without SQL. */
function isSeen(filter: Filter, record: FilterRecord): boolean {
  const names = new Set(filter.map(({ field }) => field));
  return (
    matches(filter, record, INSTALLATION_FIELDS) &&
    (names.has("counted") || record.counted === true) &&
    (names.has("site") || record.winner === true) &&
    (names.has("distribution") || names.has("current") || record.current === true)
  );
}

async function walk<Row extends { readonly id: string }>(
  list: (query: ListQuery) => Promise<Page<Row>>,
  query: Omit<ListQuery, "cursor" | "sort"> & { readonly sort?: string | undefined },
): Promise<string[]> {
  const { filter, limit, sort } = query;
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<Row> = await list({
      filter,
      limit,
      ...(sort !== undefined && { sort }),
      ...(cursor !== undefined && { cursor }),
    });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    ids.push(...page.rows.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

function valuesByField(records: readonly FilterRecord[]) {
  return (field: string): string => {
    const actual = pick(records)[field];
    const one = Array.isArray(actual) ? pick(["", ...actual]) : actual;
    return one === null || one === undefined ? "" : String(one);
  };
}

function randomFilter(fields: FilterFields, valueFor: (field: string) => string): Filter {
  const terms = Array.from({ length: Math.floor(random() * 4) }, (): Term => {
    const [field, kind] = pick(Object.entries(fields));
    const isOrdered = kind === "number" || kind === "time";
    const operator = isOrdered ? pick([":", "<", "<=", ">", ">="] as const) : ":";
    const value = () => {
      const actual = valueFor(field);
      if (kind === "time") return actual === "" ? "" : new Date(Number(actual)).toISOString();
      if (kind === "boolean") return pick(["true", "false", ""]);
      if (kind === "number") return pick([actual, "1e300", "-1e300", "1.5", ""]);
      return disturbed(actual);
    };
    const values = operator === ":" && random() < 0.3 ? [value(), value()] : [value()];
    return { field, negated: random() < 0.3, operator, values };
  });
  return parseFilter(printFilter(terms), fields);
}

/** The value itself, in another case, with a wildcard, or something else altogether. */
function disturbed(value: string): string {
  const cut = Math.floor(random() * (value.length + 1));
  const characters = [...value];
  return pick([
    value,
    value.toUpperCase(),
    value.toLowerCase(),
    `${characters.slice(0, cut).join("")}*`,
    `*${characters.slice(cut).join("")}`,
    `*${characters.slice(cut, cut + 3).join("")}*`,
    "*",
    "",
    "%",
    "_",
    pick(NAUGHTY),
  ]);
}

function term(field: string, value: string): Term {
  return { field, negated: false, operator: ":", values: [value] };
}

function pick<T>(values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined && values.length === 0) throw new Error("nothing to pick from");
  return value as T;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
