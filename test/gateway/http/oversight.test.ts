/** What a hub's administrator looks after: the sites' own words, and frames that failed a check. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { facts } from "../../../gateway/db/schema/installations.ts";
import { quarantine, sites } from "../../../gateway/db/schema/link.ts";
import { siteRowFrom } from "../../../gateway/db/stores/site-records.ts";
import { sealFrame } from "../../../sync/frame/envelope.ts";
import { packFacts } from "../../../sync/journal/codec.ts";
import { factOf } from "../../contracts/site-rows.ts";
import { siteRecordOf } from "../../sync/contracts/hub-rows.ts";
import { type Desk, down, siteDesk, up } from "../../sync/policy/books.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, jsonOf, ScenarioKit } from "./scenario-kit.ts";

const PRAGUE = siteRecordOf("prague");
/** Nobody looks at it: the frame was checked when it came. */
const unsigned = () => new Uint8Array(64);

function statusFrame(): Uint8Array {
  const content = { kind: "status", anew: true, asOfMs: null } as const;
  const header = { site: PRAGUE.id, incarnation: 3, seq: 4, content };
  return sealFrame(header, new Uint8Array([1]), unsigned);
}

function journalFrame(): Uint8Array {
  const fact = { ...factOf("till", "5"), site: PRAGUE.id, siteIncarnation: 3, seq: 1 };
  const { raw } = packFacts([fact]);
  const content = { kind: "journal", incarnation: 3, first: 1, count: 1 } as const;
  return sealFrame({ site: PRAGUE.id, incarnation: 3, seq: 2, content }, raw, unsigned);
}

let hub: ApiHarness;
let admin: ScenarioKit;
beforeEach(async () => {
  hub = await ApiHarness.open({ role: "hub" });
  admin = await ScenarioKit.of(hub);
});
afterEach(() => hub[Symbol.asyncDispose]());

describe("overrides", () => {
  const WINDOW = {
    name: "Nightly",
    start: "2026-11-01T22:00",
    recurrence: "FREQ=DAILY",
    durationMinutes: 120,
    timeZone: null,
    scope: { kind: "organisation" },
    enabled: true,
  };

  /** A site that has switched a window off, stopped a distribution and set a secret for itself. */
  async function decided(): Promise<Desk> {
    await hub.book.write(
      [{ kind: "window", id: "nightly", body: { id: "nightly", ...WINDOW } }],
      "h",
    );
    const id = await admin.distribute("pos", "iOS", { distribution: { id: "pos-all" } });
    const site = await siteDesk();
    await down(hub, site);
    await site.book.write([{ kind: "window", id: "nightly", body: { enabled: false } }], "anna");
    await site.book.write([{ kind: "distribution", id, body: { stoppedAtMs: 700 } }], "bob");
    const secret = { enrollmentToken: "c2VjcmV0", crlCheck: "1" };
    await site.book.write([{ kind: "setting", id: "enterprise", body: secret }], "anna");
    await up(site, hub);
    return site;
  }
  const list = (query = "") => admin.want(200, "GET", `/overrides${query}`);

  test("there are none at first", async () => {
    expect(await list()).toEqual([]);
  });

  test("say who, when, against what, and what the hub says; a secret is not shown", async () => {
    await decided();
    const all: Json[] = await list();
    const of = (kind: string) => all.find((one) => one.kind === kind);
    expect(of("window")).toMatchObject({
      site: "prague",
      siteName: "Site prague",
      id: "nightly",
      name: "Nightly",
      author: "anna",
      at: expect.stringMatching(/^20\d\d-/),
      base: expect.stringMatching(/^[0-9a-f]{16}$/),
      baseIsCurrent: true,
      state: "effective",
      fields: [{ name: "enabled", site: false, hub: true }],
    });
    expect(of("distribution")).toMatchObject({
      name: "pos (pos-all)",
      author: "bob",
      fields: [{ name: "stoppedAtMs", site: 700, hub: null }],
    });
    expect(of("setting").fields).toEqual(
      expect.arrayContaining([
        { name: "enrollmentToken", site: true, hub: null },
        { name: "crlCheck", site: "1", hub: null },
      ]),
    );
    expect(JSON.stringify(all)).not.toContain("c2VjcmV0");
  });

  test("that the hub has overtaken or revoked say so; revoking reaches the site, once", async () => {
    const site = await decided();
    await hub.book.write([{ kind: "window", id: "nightly", body: { durationMinutes: 60 } }], "h");
    expect(await list("?state=overtaken")).toMatchObject([
      { kind: "window", baseIsCurrent: false, state: "overtaken" },
    ]);
    const path = "/overrides/prague/distribution/pos-all/revoke";
    expect((await admin.want(200, "POST", path)).state).toBe("revoked");
    const version = hub.book.orgVersion;
    expect((await admin.want(200, "POST", path)).state).toBe("revoked");
    expect(hub.book.orgVersion).toBe(version);
    expect(await list("?site=prague&state=revoked")).toHaveLength(1);
    expect(await list("?site=brno")).toEqual([]);
    const stopped = () => site.holder.read().distributionsById.get("pos-all" as never)?.stoppedAtMs;
    expect(stopped()).toBe(700);
    await down(hub, site);
    expect(stopped()).toBeNull();
    const log = await hub.deps.audit.list({ limit: 20, action: "override.revoke" });
    expect(log).toMatchObject([
      { subject: "prague/distribution/pos-all" },
      { subject: "prague/distribution/pos-all" },
    ]);
  });

  test("that are not there are not found, and a viewer only looks", async () => {
    await decided();
    for (const path of ["prague/window/none", "oslo/window/nightly", "pra%20gue/window/nightly"]) {
      await admin.want(404, "POST", `/overrides/${path}/revoke`);
    }
    await admin.want(400, "POST", "/overrides/prague/shop/nightly/revoke");
    await admin.want(400, "GET", "/overrides?stat=revoked");
    const headers = await hub.token("viewer");
    expect((await hub.ask("GET", "/overrides", { headers })).status).toBe(200);
    const revoking = await hub.ask("POST", "/overrides/prague/window/nightly/revoke", { headers });
    expect(revoking.status).toBe(403);
  });

  test("a record of a site that was not taken is listed with the reason", async () => {
    const site = await siteDesk();
    const window = { kind: "window" as const, id: "nightly" };
    await site.book.write([{ ...window, body: { id: "nightly", ...WINDOW } }], "anna");
    await up(site, hub);
    await hub.book.write([{ ...window, body: { id: "nightly", ...WINDOW } }], "h");
    expect(await admin.want(200, "GET", "/refused-records")).toEqual([
      {
        kind: "window",
        id: "nightly",
        origin: "policy/site/prague",
        reason: "policy/org has a record of this name",
      },
    ]);
  });
});

describe("quarantine", () => {
  const put = (index: number, change: Partial<typeof quarantine.$inferInsert> = {}) => {
    const frame = { site: index % 2 === 0 ? "prague" : "brno", incarnation: 3, frameSeq: index };
    const row = {
      ...frame,
      id: `f${index}`,
      kind: "journal",
      bytes: 4,
      sha256: "ab",
      reason: `journal-facts: fact ${index}`,
      frame: Buffer.from([79, 80, 70, index]),
      receivedAtMs: 1000 + Math.floor(index / 3),
      ...change,
    };
    hub.database.db.insert(quarantine).values(row).run();
  };

  test("is empty at first", async () => {
    expect(await admin.want(200, "GET", "/quarantine")).toEqual({ rows: [], next: null, total: 0 });
  });

  test("lists site, time, size, reason and what to do", async () => {
    put(4);
    const { rows } = await admin.want(200, "GET", "/quarantine");
    expect(rows).toEqual([
      {
        id: "f4",
        site: "prague",
        siteName: "Site prague",
        incarnation: 3,
        number: 4,
        kind: "journal",
        bytes: 4,
        hasBytes: true,
        sha256: "ab",
        reason: "journal-facts: fact 4",
        received: "1970-01-01T00:00:01.001Z",
        happened: expect.stringContaining("The journal went on behind it"),
        todo: expect.stringContaining("site's own console"),
        canBeTakenAgain: true,
      },
    ]);
    expect(await admin.want(200, "GET", "/quarantine/f4")).toEqual(rows[0]);
  });

  test("page by page every frame is there once, of one site or of all, also of one millisecond", async () => {
    for (let index = 0; index < 23; index++) put(index);
    for (const [query, total] of [
      ["", 23],
      ["&site=brno", 11],
    ] as const) {
      const seen: string[] = [];
      let cursor = "";
      do {
        const page = await admin.want(200, "GET", `/quarantine?limit=4${query}${cursor}`);
        expect(page.total).toBe(total);
        seen.push(...page.rows.map(({ id }: Json) => id));
        cursor = page.next === null ? "" : `&cursor=${page.next}`;
      } while (cursor !== "");
      expect(new Set(seen).size).toBe(total);
      expect(seen).toHaveLength(total);
    }
    await admin.want(400, "GET", "/quarantine?cursor=x");
    await admin.want(404, "GET", "/quarantine?site=No%20Site");
  });

  test("a frame that was looked into is dismissed by an administrator, and that is written down", async () => {
    put(1);
    put(2);
    const operator = await hub.token("operator");
    expect((await hub.ask("DELETE", "/quarantine/f1", { headers: operator })).status).toBe(403);
    await admin.want(204, "DELETE", "/quarantine/f1");
    await admin.want(404, "DELETE", "/quarantine/f1");
    const { rows, total } = await admin.want(200, "GET", "/quarantine");
    expect([rows.map(({ id }: Json) => id), total]).toEqual([["f2"], 1]);
    const [entry] = (await admin.want(200, "GET", "/audit")).rows;
    expect(entry).toMatchObject({ action: "quarantine.dismiss", subject: "brno/3/1" });
  });

  test("what is still wrong stays; what is of another kind is not taken again", async () => {
    hub.database.db.insert(sites).values(siteRowFrom(PRAGUE)).run();
    put(2);
    put(4, { kind: "status", frame: Buffer.from(statusFrame()) });
    put(6, { frame: Buffer.alloc(0) });
    const operator = await hub.token("operator");
    expect((await hub.ask("POST", "/quarantine/f2/take", { headers: operator })).status).toBe(403);
    const wrong = await admin.want(422, "POST", "/quarantine/f2/take");
    expect(wrong.detail).toContain("It is still wrong: frame-size");
    expect((await admin.want(409, "POST", "/quarantine/f4/take")).detail).toContain("kind status");
    expect((await admin.want(409, "POST", "/quarantine/f6/take")).detail).toContain("not kept");
    await admin.want(404, "POST", "/quarantine/none/take");
    expect((await admin.want(200, "GET", "/quarantine")).total).toBe(3);
  });

  test("a frame that can be read by now is taken in, and that is written down", async () => {
    hub.database.db.insert(sites).values(siteRowFrom(PRAGUE)).run();
    put(2, { frame: Buffer.from(journalFrame()) });
    await admin.want(204, "POST", "/quarantine/f2/take");
    const stored = hub.database.db.select().from(facts).all();
    expect(stored).toMatchObject([{ site: "prague", siteIncarnation: 3, seq: 1, value: "5" }]);
    expect((await admin.want(200, "GET", "/quarantine")).total).toBe(0);
    const [entry] = (await admin.want(200, "GET", "/audit")).rows;
    expect(entry).toMatchObject({ action: "quarantine.take", subject: "prague/3/2" });
  });

  test("gives the bytes to an administrator, where they were kept", async () => {
    put(1);
    put(2, { frame: Buffer.alloc(0), bytes: 2_000_000 });
    const headers = await hub.token("admin");
    const answer = await hub.ask("GET", "/quarantine/f1/frame", { headers });
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(new Uint8Array([79, 80, 70, 1]));
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="brno-3-1.frame"');
    expect((await admin.want(200, "GET", "/quarantine/f2")).hasBytes).toBe(false);
    const missing = await hub.ask("GET", "/quarantine/f2/frame", { headers });
    expect(missing.status).toBe(404);
    expect((await jsonOf(missing)).detail).toContain("room in quarantine was full");
    await admin.want(404, "GET", "/quarantine/none");
    const operator = await hub.token("operator");
    expect((await hub.ask("GET", "/quarantine/f1/frame", { headers: operator })).status).toBe(403);
  });
});
