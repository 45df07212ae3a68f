import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import type { SiteId } from "../../../../devices/model/ids.ts";
import { REASONS, type Reason } from "../../../../devices/model/installation.ts";
import { installations } from "../../../../gateway/db/schema/installations.ts";
import { SqlReportReader } from "../../../../gateway/db/stores/report-reader.ts";
import { RESTORED_AT, ValueStore } from "../../../../gateway/db/stores/value-store.ts";
import type { AppEnv } from "../../../../gateway/http/environment.ts";
import { authoriseSite, linkRoutes } from "../../../../gateway/http/link/link-routes.ts";
import { onError } from "../../../../gateway/http/on-error.ts";
import { ANSWER_BYTES_MAX, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../../../sync/limits.ts";
import { httpTransport, linkUrl } from "../../../../sync/link/http-transport.ts";
import { deviceNamed, factOf, idOf, rowOf } from "../../../contracts/site-rows.ts";
import { silentLog, TEST_NOW_MS } from "../../db/temporary.ts";
import { HUB_URL, LinkHarness, type SiteOverSql } from "./link-harness.ts";

describe("the link over HTTP and libSQL", () => {
  test("rows, facts, devices and policy arrive, and the report is the site's", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague");
    await harness.hubBook.write([groupChange("Front")], "hana");
    await report(site, "till", "failed", 7, "6");
    await site.settle();
    expect(rowsOf(harness)).toMatchObject([
      { site: "prague", status: "failed", sequence: 7, nativeValue: "6", winner: true },
    ]);
    expect(await harness.hubStore.factPositions("prague" as SiteId)).toEqual([
      { incarnation: 1, seq: 2 },
    ]);
    const atHub = await harness.hubStore.devices([idOf("till")]);
    expect(atHub.get(idOf("till"))?.devices).toMatchObject([{ name: "till", site: "prague" }]);
    expect([...site.holder.read().groups.keys()].map(String)).toEqual(["Front"]);

    await report(site, "till", "installed", 8, "7");
    await site.start();
    await site.settle();
    expect(rowsOf(harness)).toMatchObject([{ status: "installed", nativeValue: "7" }]);
  });

  test("each of the twelve reasons arrives, and is told with what comes next or who knows", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague");
    for (const reason of REASONS) await waitFor(site, reason);
    await site.settle();
    const reports = new SqlReportReader({
      database: harness.hubDatabase,
      policy: site.holder,
      siteOf: () => ({ name: "Prague", asOfMs: harness.nowMs, stale: false }),
      isAtSite: false,
    });
    const { rows } = await reports.list({ filter: [], limit: 50 });
    const told = new Map(rows.map((row) => [row.reason, row]));
    expect([...told.keys()].sort()).toEqual([...REASONS].sort());
    for (const row of rows) {
      expect(row.reasonDetail).not.toBe("");
      expect(row.nextAttemptMs === null).toBe(row.nextAttemptNote !== "");
    }
    // What the site decided is in its journal, with its words and its time.
    for (const reason of ["stopped", "superseded"] as const) {
      expect(told.get(reason)).toMatchObject({
        reasonDetail: `${reason} for the test`,
        sinceMs: TEST_NOW_MS - 5000,
        siteKnowsMore: false,
      });
    }
    expect(told.get("window")).toMatchObject({ siteKnowsMore: true });
  });

  test("a restored database adopts, keeps what it heard since, and goes on", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague");
    await report(site, "till", "failed", 7, "6");
    await site.settle();
    await new ValueStore(site.database).put(RESTORED_AT, "2026-11-21");
    await report(site, "till", "installed", 8, "7");
    await site.start();
    await site.settle();
    expect((await site.link.view()).incarnation).toBeGreaterThan(1);
    expect(rowsOf(harness)).toMatchObject([{ status: "installed", sequence: 8 }]);
    expect(await site.linkStore.restored()).toBe(false);
    expect(await harness.hubStore.factPositions("prague" as SiteId)).toEqual([
      { incarnation: 1, seq: 3 },
    ]);
  });

  test("a new box in place of a dead one has its devices and rows again", async () => {
    await using harness = await LinkHarness.open();
    const dead = await harness.site("prague");
    await report(dead, "till", "installed", 8, "7");
    await dead.settle();
    const box = await harness.site("prague");
    await box.settle();
    expect((await box.store.view(idOf("till")))?.installations).toMatchObject([
      { status: "installed", sequence: 8, nativeValue: "7" },
    ]);
    expect(await harness.hubStore.factPositions("prague" as SiteId)).toEqual([
      { incarnation: 1, seq: 2 },
      { incarnation: (await box.link.view()).incarnation, seq: 2 },
    ]);
    await report(box, "till", "removed_after_installation", 9, "gone");
    await box.settle();
    expect(rowsOf(harness)).toMatchObject([{ status: "removed_after_installation" }]);
  });

  test("what a site did alone comes along when it joins", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague", (store) =>
      report({ store }, "till", "installed", 8, "7"),
    );
    await site.settle();
    expect(rowsOf(harness)).toMatchObject([{ site: "prague", status: "installed" }]);
    expect(await harness.hubStore.factPositions("prague" as SiteId)).toEqual([
      { incarnation: 1, seq: 2 },
    ]);
  });
});

describe("new keys over HTTP and libSQL", () => {
  test("[1.8, 1.9] hold once the hub has them, over restarts of the site's process in between", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague");
    await site.settle();
    const record = async () => await harness.hubStore.site("prague" as SiteId);
    const former = (await record())?.publicKey;
    await site.keyring.rotate("prague" as SiteId, harness.nowMs);
    await site.start();
    await site.link.step(); // Says hello,
    await site.link.step(); // makes the frame that announces them,
    await site.start();
    await site.link.step(); // says hello again,
    await site.link.step(); // sends it.
    await site.start();
    expect((await record())?.nextPublicKey).toBe(site.keyring.ring.current.signingPublic);
    await report(site, "till", "installed", 8, "7");
    await site.settle();
    const { current } = site.keyring.ring;
    expect(current.signingPublic).not.toBe(former);
    expect(await record()).toMatchObject({
      publicKey: current.signingPublic,
      sealingKey: current.sealingPublic,
      nextPublicKey: null,
      nextSealingKey: null,
      keysSinceMs: expect.any(Number),
    });
    expect(rowsOf(harness)).toMatchObject([{ status: "installed" }]);
  });
});

describe("POST /hub/sync/v1/{operation}", () => {
  test("[2.1] an operation that there is not is a 404, a body over the limit a 413, without a nonce 400", async () => {
    await using harness = await LinkHarness.open();
    const post = (operation: string, body: Uint8Array, headers: Record<string, string> = {}) =>
      harness.app.request(linkUrl(HUB_URL, operation), {
        method: "POST",
        headers: { "outpost-nonce": "n", ...headers },
        body: body as Uint8Array<ArrayBuffer>,
      });
    expect((await post("gossip", new Uint8Array())).status).toBe(404);
    expect((await post("poll", new Uint8Array(MESSAGE_BYTES_MAX + 1))).status).toBe(413);
    expect((await post("poll", new Uint8Array(MESSAGE_BYTES_MAX))).status).toBe(401);
    expect((await post("frame", new Uint8Array(FRAME_BYTES_MAX + 1))).status).toBe(413);
    expect((await post("challenge", new Uint8Array(), { "outpost-nonce": "" })).status).toBe(400);
    const wrong = await post("challenge", Buffer.from("{}"));
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get("content-type")).toContain("application/problem+json");
    expect(wrong.headers.get("outpost-signature")).toBeNull();
  });

  test("[9.1] a body without a declared length is read only up to the limit", async () => {
    await using harness = await LinkHarness.open();
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024));
        if (pulled > 1000) controller.close();
      },
    });
    const init = { method: "POST", headers: { "outpost-nonce": "n" }, body };
    const answer = await harness.app.request(linkUrl(HUB_URL, "poll"), init);
    expect(answer.status).toBe(413);
    expect(pulled).toBeLessThan(20);
  });

  test("[8.1] Retry-After and a problem's words reach the site", async () => {
    const answers = async () =>
      new Response(JSON.stringify({ detail: "the hub is starting" }), {
        status: 503,
        headers: { "retry-after": "7" },
      });
    const transport = httpTransport(`${HUB_URL}/`, answers);
    const request = {
      operation: "poll",
      nonce: "n",
      session: "s",
      body: new Uint8Array(),
    } as const;
    expect(await transport(request)).toMatchObject({
      status: 503,
      retryAfterMs: 7000,
      signature: "",
    });
  });

  test("[9.1] an answer that is larger than the limit is not read to its end", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const transport = httpTransport(HUB_URL, async () => new Response(endless));
    const request = { operation: "poll", nonce: "n", session: "", body: new Uint8Array() } as const;
    await expect(transport(request)).rejects.toThrow("too large");
    expect(pulled).toBeLessThan(ANSWER_BYTES_MAX / (1024 * 1024) + 8);
  });
});

describe("authoriseSite()", () => {
  test("[10.1] lets a site with a session through, and nobody else", async () => {
    await using harness = await LinkHarness.open();
    const site = await harness.site("prague");
    await site.settle();
    const app = new Hono<AppEnv>();
    app.onError(onError(silentLog));
    const authorise = authoriseSite(harness.hub);
    app.get("/hub/sync/v1/content/:sha256", async (c) => {
      await authorise(c);
      return c.text("bytes");
    });
    const digest = "0".repeat(64);
    const request = site.link.contentRequest(
      digest as Parameters<typeof site.link.contentRequest>[0],
    );
    if (!request) throw new Error("no session");
    expect((await app.request(request.url, { headers: request.headers })).status).toBe(200);
    expect((await app.request(request.url)).status).toBe(401);
    await harness.hub.revoke("prague" as SiteId);
    expect((await app.request(request.url, { headers: request.headers })).status).toBe(401);
    site.link.cut();
    expect(
      site.link.contentRequest(digest as Parameters<typeof site.link.contentRequest>[0]),
    ).toBeUndefined();
  });

  test("a session that was tampered with is none", async () => {
    await using harness = await LinkHarness.open();
    const app = new Hono<AppEnv>();
    app.onError(onError(silentLog));
    app.route("/hub/sync/v1", linkRoutes(harness.hub));
    for (const session of ["", ".", "a.b", "a.b.c", "x".repeat(5000)]) {
      await expect(harness.hub.authenticate(session)).rejects.toMatchObject({
        code: "unauthorized",
      });
    }
  });
});

async function report(
  site: Pick<SiteOverSql, "store">,
  name: string,
  status: "failed" | "installed" | "removed_after_installation",
  sequence: number,
  value: string,
): Promise<void> {
  const isKnown = (await site.store.view(idOf(name))) !== undefined;
  const at = { status, state: null, sequence, observedAtMs: 1_795_000_000_000 + sequence };
  const row = rowOf(name, "d1", { ...at, source: "windows-csp", nativeValue: value });
  const device = deviceNamed(name, { sequence, name });
  const told = { ...factOf(name, JSON.stringify(device)), kind: "device" as const };
  const said = factOf(name, value, { ...at, attempt: row.attempt, atMs: row.observedAtMs });
  await site.store.commit([
    {
      device: device.id,
      put: device,
      installations: [row],
      facts: [...(isKnown ? [] : [{ ...told, distribution: null }]), said],
    },
  ]);
}

/** A row that waits for this reason, with the decision that its site took where it is one. */
async function waitFor(site: SiteOverSql, reason: Reason): Promise<void> {
  const device = deviceNamed(reason, { name: reason, sequence: 1 });
  const order = { incarnation: 2048, attempt: 1, sequence: 1 };
  const row = rowOf(reason, "d1", {
    ...order,
    status: "pending_install",
    state: null,
    operation: "install",
    observedAtMs: TEST_NOW_MS - 5000,
    reason,
    reasonDetail: "only the site says this",
    nativeValue: null,
    source: null,
    anomaly: false,
  });
  const decided = factOf(reason, reason, {
    ...order,
    kind: "decision",
    source: "site",
    atMs: TEST_NOW_MS - 5000,
    hlc: row.hlc,
    text: `${reason} for the test`,
  });
  const told = { ...factOf(reason, JSON.stringify(device)), kind: "device" as const };
  await site.store.commit([
    {
      device: device.id,
      put: device,
      installations: [row],
      facts: [{ ...told, distribution: null, incarnation: 2048 }, decided],
    },
  ]);
}

function rowsOf(harness: LinkHarness) {
  return harness.hubDatabase.db.select().from(installations).all();
}

function groupChange(name: string) {
  const body = { name, description: "", members: { kind: "list", devices: [] } };
  return { kind: "group", id: name, body } as const;
}
