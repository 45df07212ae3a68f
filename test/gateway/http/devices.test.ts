import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { IMPORT_ROWS_MAX } from "../../../gateway/http/routes/device-import.ts";
import { parseCsv } from "../../../gateway/reports/csv.ts";
import { NAUGHTY } from "../reports/random-report.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, jsonOf, ScenarioKit } from "./scenario-kit.ts";

let harness: ApiHarness;
let kit: ScenarioKit;
beforeAll(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
});
afterAll(() => harness[Symbol.asyncDispose]());

describe("devices", () => {
  test("a new device's password is shown once, and its id follows from its own name", async () => {
    const wanted = { stableId: "serial-1", platform: "Windows", name: "Till 1" };
    const { device, userName, password } = await kit.want(201, "POST", "/devices", wanted);
    expect([userName, password.length > 16]).toEqual(["serial-1", true]);
    const shown = await kit.want(200, "GET", `/devices/${device.id}`);
    expect(JSON.stringify(shown)).not.toContain(password);
    expect(shown).toMatchObject({ name: "Till 1", compliance: "unknown", removedAt: null });
    const again = await kit.want(409, "POST", "/devices", wanted);
    expect(again.detail).toContain(device.id);
  });

  test("facts are patched, and an edit of what somebody else changed is refused", async () => {
    const id = await kit.device("serial-2", "Windows");
    const { headers } = kit;
    const read = await harness.ask("GET", `/devices/${id}`, { headers });
    const etag = read.headers.get("ETag") ?? "";
    const patch = (json: object, match: string) =>
      harness.ask("PATCH", `/devices/${id}`, { headers: { ...headers, "If-Match": match }, json });
    const changed = await patch({ compliance: "out-of-compliance", osMajor: null }, etag);
    expect(changed.status).toBe(200);
    expect(await jsonOf(changed)).toMatchObject({ compliance: "out-of-compliance", osMajor: null });
    const late = await patch({ compliance: "compliant" }, etag);
    expect(late.status).toBe(412);
    const next = changed.headers.get("ETag") ?? "";
    expect((await patch({ compliance: "compliant" }, `"other", ${next}`)).status).toBe(200);
    expect((await patch({ cpu: "ARM" }, "*")).status).toBe(200);
  });

  test("every wrong field is named", async () => {
    const problem = await kit.want(422, "POST", "/devices", {
      stableId: "",
      platform: "Symbian",
      osMajor: "six",
      shared: 1,
      colour: "red",
    });
    const pointers = problem.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    expect(pointers).toEqual(["/colour", "/osMajor", "/platform", "/shared", "/stableId"]);
    const patched = await kit.want(
      422,
      "PATCH",
      `/devices/${await kit.device("serial-3", "iOS")}`,
      {
        stableId: "other",
      },
    );
    expect(patched.errors).toEqual([{ pointer: "/stableId", detail: "there is no such field" }]);
  });

  test.each(["{", "", "[1", '{"a":1}}'])("the body %p cannot be read", async (body) => {
    const headers = { ...kit.headers, "Content-Type": "application/json" };
    const answer = await harness.ask("POST", "/devices", { headers, body });
    expect(answer.status).toBe(400);
    expect(answer.headers.get("Content-Type")).toBe("application/problem+json");
  });

  test("a body of another type, and one that is too large, are refused", async () => {
    const { headers } = kit;
    const xml = { ...headers, "Content-Type": "application/xml" };
    const answer = await harness.ask("POST", "/devices", { headers: xml, body: "<a/>" });
    expect(answer.status).toBe(415);
    const large = JSON.stringify({ stableId: "x".repeat(1024 * 1024) });
    const type = { ...headers, "Content-Type": "application/json" };
    const refused = await harness.ask("POST", "/devices", { headers: type, body: large });
    expect(refused.status).toBe(413);
    expect(await jsonOf(refused)).toMatchObject({ code: "too-large" });
  });

  test.each([...NAUGHTY])(
    "the name %p is stored, found and shown as it is, or refused",
    async (name) => {
      const headers = kit.headers;
      const json = { stableId: `naughty-${name}`, platform: "iOS", name };
      const made = await harness.ask("POST", "/devices", { headers, json });
      if (made.status === 422) return; // Control characters and blanks alone are no names.
      expect(made.status).toBe(201);
      const { device } = await jsonOf(made);
      const shown = await kit.want(200, "GET", `/devices/${device.id}`);
      expect(shown.name).toBe(name);
    },
  );

  test("half a character and NUL are refused with words, not with a crash", async () => {
    const { headers } = kit;
    for (const name of ["\ud800", "a\u0000b"]) {
      const json = { stableId: "x", platform: "iOS", name };
      expect((await harness.ask("POST", "/devices", { headers, json })).status).toBe(422);
      const filter = encodeURIComponent(`name:"${name.toWellFormed()}"`);
      expect((await harness.ask("GET", `/devices?filter=${filter}`, { headers })).status).not.toBe(
        500,
      );
    }
  });

  test("a removed device leaves the list, is found when asked for, and comes back", async () => {
    const id = await kit.device("serial-4", "Windows");
    await kit.want(204, "DELETE", `/devices/${id}`);
    await kit.want(204, "DELETE", `/devices/${id}`);
    const total = async (filter: string) =>
      (await kit.want(200, "GET", `/devices?filter=${encodeURIComponent(filter)}`)).total;
    expect(await total("stableId:serial-4")).toBe(0);
    expect(await total("stableId:serial-4 removed:true")).toBe(1);
    await kit.want(409, "PATCH", `/devices/${id}`, { name: "ghost" });
    await kit.device("serial-4", "Windows");
    expect(await total("stableId:serial-4")).toBe(1);
    await kit.want(404, "DELETE", "/devices/0123456789abcdef0123456789abcdef");
    await kit.want(404, "GET", "/devices/..%2f..%2fetc%2fpasswd");
  });

  test("a secret is rotated, an enrolment taken back and asked for again", async () => {
    const id = await kit.device("serial-5", "Windows");
    const { password } = await kit.want(200, "POST", `/devices/${id}/rotate-secret`);
    expect(password.length).toBeGreaterThan(16);
    const unenrolled = await kit.want(200, "POST", `/devices/${id}/unenrol`);
    expect(unenrolled.enrolment).toBe("unenrol-requested");
    expect((await kit.want(200, "POST", `/devices/${id}/enrol`)).enrolment).toBe("unknown");
    const history = await kit.want(200, "GET", `/devices/${id}/history`);
    expect(history).toMatchObject([
      { what: "to be enrolled again", by: expect.stringMatching(/./) },
      { what: "to be unenrolled", at: expect.stringMatching(/^2026-/) },
      { what: "registered" },
    ]);
    await kit.want(404, "GET", "/devices/0123456789abcdef0123456789abcdef/history");
  });

  test("tonight says what the window will bring, and why not", async () => {
    const id = await kit.device("serial-6", "iOS");
    const before = await kit.want(200, "GET", `/devices/${id}/tonight`);
    expect(before).toMatchObject({ device: id, occurrence: null });
    const window = { name: "Nightly", start: "2026-11-21T22:00", durationMinutes: 120 };
    await kit.want(201, "POST", "/windows", { ...window, recurrence: "FREQ=DAILY" });
    const plan = await kit.want(200, "GET", `/devices/${id}/tonight`);
    expect(plan.occurrence).toEqual({
      start: "2026-11-21T21:00:00.000Z",
      end: "2026-11-21T23:00:00.000Z",
    });
  });
});

describe("facts [D13]", () => {
  test("all or nothing: one wrong fact, and none is stored", async () => {
    const device = await kit.device("fact-1", "iOS");
    const distribution = await kit.distribute("fact-app", "iOS");
    const fact = (change: object) => ({
      distribution,
      source: "apple",
      value: "Managed",
      ...change,
    });
    const path = `/devices/${device}/facts`;
    const problem = await kit.want(422, "POST", path, [
      fact({}),
      fact({ value: "Exploded" }),
      fact({ distribution: "other" }),
    ]);
    const pointers = problem.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(["/1/value", "/2/distribution"]);
    const row = `/installations/${kit.rowId(distribution, device)}`;
    expect((await kit.want(200, "GET", row)).status).toBe("pending_install");
    await kit.want(422, "POST", path, []);
    await kit.want(422, "POST", path, [fact({ attempt: 0 }), fact({ at: "yesterday" })]);
    // What no site can report: some systems write the year 1 for "never".
    await kit.want(422, "POST", path, [fact({ at: "0001-01-01T00:00:00Z" })]);
    await kit.want(422, "POST", path, Array(501).fill(fact({})));
    const [recorded] = await kit.want(200, "POST", path, [
      fact({ at: "2026-11-21T11:00:00+01:00" }),
    ]);
    expect(recorded).toMatchObject({ effect: "moved", installation: { status: "installed" } });
    expect((await kit.want(200, "GET", row)).observed).toBe("2026-11-21T10:00:00.000Z");
  });

  test("need the scope facts:write, and nothing more", async () => {
    const device = await kit.device("fact-2", "Android");
    const distribution = await kit.distribute("fact-app-2", "Android");
    const headers = await harness.token("operator", "facts:write");
    const json = [{ distribution, source: "android", value: "Success/Installed" }];
    const answer = await harness.ask("POST", `/devices/${device}/facts`, { headers, json });
    expect(answer.status).toBe(200);
    expect((await harness.ask("GET", "/devices", { headers })).status).toBe(403);
  });

  test("an unsigned HRESULT is the same as the signed one", async () => {
    const device = await kit.device("fact-3", "Windows");
    const distribution = await kit.distribute("fact-app-3", "Windows");
    await kit.fact(device, distribution, "windows-csp", "7", { lastError: 0x80072ee7 });
    const row = await kit.want(200, "GET", `/installations/${kit.rowId(distribution, device)}`);
    expect(row).toMatchObject({ lastError: -2147012889, lastErrorHex: "0x80072EE7" });
  });
});

describe("devices by CSV", () => {
  const send = (body: string, type = "text/csv") =>
    harness.ask("POST", "/devices/import", {
      headers: { ...kit.headers, "Content-Type": type },
      body,
    });

  test("lines are registered or changed one by one, and each says what became of it", async () => {
    await kit.device("csv-known", "iOS", { name: "Old name" });
    const answer = await send(
      "stableId,platform,name,shared,osMajor\r\n" +
        'csv-1,Windows,"Till, ""one""",true,10\r\n' +
        "csv-known,iOS,New name,false,\r\n" +
        "csv-2,Symbian,x,,\r\n" +
        "csv-3,iOS,x,perhaps,\r\n",
    );
    const result = await jsonOf(answer);
    expect([result.created, result.updated, result.failed]).toEqual([1, 1, 2]);
    expect(result.rows.map(({ line, outcome }: Json) => [line, outcome])).toEqual([
      [2, "created"],
      [3, "updated"],
      [4, "failed"],
      [5, "failed"],
    ]);
    expect(result.rows[0].password.length).toBeGreaterThan(16);
    expect(result.rows[2].problem).toBe("/platform: use one of: iOS, Windows, Android");
    expect(result.rows[3].problem).toBe("/shared: give true or false");
    const [known] = (await kit.want(200, "GET", "/devices?filter=stableId:csv-known")).rows;
    expect(known).toMatchObject({ name: "New name", shared: false });
    const [made] = (await kit.want(200, "GET", "/devices?filter=stableId:csv-1")).rows;
    expect(made).toMatchObject({ name: 'Till, "one"', shared: true, osMajor: 10 });
  });

  test("what was exported can be imported, formulas and all", async () => {
    await kit.device("csv-formula", "iOS", { name: "=1+1" });
    const headers = { ...kit.headers, Accept: "text/csv" };
    const exported = await harness.ask("GET", "/devices?filter=stableId:csv-formula", { headers });
    const text = await exported.text();
    expect(text).toContain("'=1+1");
    expect(parseCsv(text)).toHaveLength(2);
    const result = await jsonOf(await send(text));
    expect([result.updated, result.failed]).toEqual([1, 0]);
    const [device] = (await kit.want(200, "GET", "/devices?filter=stableId:csv-formula")).rows;
    expect(device.name).toBe("=1+1");
  });

  test("a file that cannot be taken is refused as a whole", async () => {
    expect((await send("stableId,platform\n", "application/json")).status).toBe(415);
    expect((await send("name\nx\n")).status).toBe(422);
    expect((await send("stableId,platform,password_hash\nx,iOS,y\n")).status).toBe(422);
    expect((await send('stableId,platform\n"x,iOS\n')).status).toBe(400);
    const tooMany = `stableId,platform\n${"x,iOS\n".repeat(IMPORT_ROWS_MAX + 1)}`;
    expect((await send(tooMany)).status).toBe(413);
  });
});

describe("enrolment", () => {
  test("a code is shown once, listed without it, and taken back", async () => {
    const made = await kit.want(201, "POST", "/enrolment-codes", {
      id: "counter-3",
      note: "Counter 3",
      device: { platform: "Windows", ownership: "corporate" },
    });
    expect(made.code).toMatch(/^([a-z2-9]{4}-){3}[a-z2-9]{4}$/);
    const [listed] = await kit.want(200, "GET", "/enrolment-codes");
    expect(listed).toMatchObject({ id: "counter-3", note: "Counter 3", usedAt: null });
    expect(JSON.stringify(listed)).not.toContain(made.code);
    await kit.want(409, "POST", "/enrolment-codes", { id: "counter-3" });
    await kit.want(204, "DELETE", "/enrolment-codes/counter-3");
    await kit.want(404, "DELETE", "/enrolment-codes/counter-3");
  });

  test("a code may be for one device alone", async () => {
    const wanted = { id: "counter-4", stableId: "urn:imei:4" };
    expect(await kit.want(201, "POST", "/enrolment-codes", wanted)).toMatchObject(wanted);
    await kit.want(204, "DELETE", `/enrolment-codes/${wanted.id}`);
    await kit.want(422, "POST", "/enrolment-codes", { stableId: "" });
    await kit.want(422, "POST", "/enrolment-codes", { stableId: "x".repeat(257) });
  });

  test("a code lives from now on, and at most 90 days", async () => {
    const expiring = (expiresAt: string) => ({ expiresAt });
    await kit.want(422, "POST", "/enrolment-codes", expiring("2026-11-21T12:00:00Z"));
    await kit.want(422, "POST", "/enrolment-codes", expiring("2027-02-19T12:00:01Z"));
    await kit.want(201, "POST", "/enrolment-codes", expiring("2027-02-19T12:00:00Z"));
    await kit.want(422, "POST", "/enrolment-codes", { device: { colour: "red" } });
  });

  test("a device that knocked is approved with what it said", async () => {
    const details = JSON.stringify({ man: "Zebra", mod: "TC20", swV: "10.0.15254.603" });
    const externalId = "urn:imei:49015/4203%7B}";
    const knock = { protocol: "oma-dm", externalId, address: "10.0.0.9", details } as const;
    await harness.context.store.knock({ ...knock, atMs: harness.nowMs });
    await harness.context.store.knock({ ...knock, atMs: harness.nowMs + 1 });
    const [listed] = await kit.want(200, "GET", "/knocks");
    expect(listed).toMatchObject({ externalId, count: 2, details: { man: "Zebra" } });
    const key = { protocol: "oma-dm", externalId };
    const approved = await kit.want(201, "POST", "/knocks/approve", {
      ...key,
      device: { name: "Scanner 9" },
    });
    expect(approved.device).toMatchObject({
      name: "Scanner 9",
      manufacturer: "Zebra",
      model: "TC20",
      stableId: externalId,
    });
    expect(await kit.want(200, "GET", "/knocks")).toEqual([]);
    await kit.want(404, "POST", "/knocks/approve", key);
    await kit.want(404, "POST", "/knocks/forget", key);
  });
});
