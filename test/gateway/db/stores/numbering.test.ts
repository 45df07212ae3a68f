/** How the stores of site and link share one numbering of facts. */
import { describe, expect, test } from "bun:test";
import { asc } from "drizzle-orm";
import type { SiteId } from "../../../../devices/model/ids.ts";
import { facts } from "../../../../gateway/db/schema/installations.ts";
import { Numbering } from "../../../../gateway/db/stores/numbering.ts";
import { deleteOldFacts, FACTS_PER_SWEEP } from "../../../../gateway/db/stores/retention.ts";
import { SqlSiteLinkStore } from "../../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { INITIAL_POSITION } from "../../../../sync/ports/site-link-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../../contracts/site-rows.ts";
import { openMemory } from "../temporary.ts";

const JOINED = "shop-joined" as SiteId;

async function open() {
  const database = await openMemory();
  const store = new SqlSiteStore(database, SITE);
  const link = new SqlSiteLinkStore(database, SITE);
  const add = (value: string, atMs = 1) =>
    store.commit([
      {
        device: idOf("a"),
        put: deviceNamed("a"),
        installations: [rowOf("a", "d1")],
        facts: [factOf("a", value, { atMs })],
      },
    ]);
  const numbers = () =>
    database.db
      .select()
      .from(facts)
      .orderBy(asc(facts.siteIncarnation), asc(facts.seq))
      .all()
      .map(({ site, siteIncarnation, seq, value }) => `${site}/${siteIncarnation}/${seq}=${value}`);
  return { database, store, link, add, numbers };
}

const identity = {
  site: JOINED,
  name: "Shop",
  timeZone: "Europe/Prague",
  organisation: "org",
  hubUrl: "https://hub.example",
  hubPublicKey: "key",
  joinedAtMs: 1,
};

describe("numbering of facts", () => {
  test("joining renames what was recorded before, and what comes after", async () => {
    const { store, link, add, numbers } = await open();
    await add("before");
    await Promise.all([link.join(identity, INITIAL_POSITION), add("during")]);
    await add("after");
    expect(numbers()).toEqual([
      `${JOINED}/1/1=before`,
      `${JOINED}/1/2=during`,
      `${JOINED}/1/3=after`,
    ]);
    const view = await store.view(idOf("a"));
    expect(view?.device.site).toBe(JOINED);
    expect(view?.installations.map(({ site }) => site)).toEqual([JOINED]);
    expect(await store.deviceIds()).toEqual([idOf("a")]);
  });

  test("a new incarnation counts from 1, in the very same group of commits", async () => {
    const { link, add, numbers } = await open();
    await add("x");
    const position = { ...INITIAL_POSITION, incarnation: 2 };
    await Promise.all([add("y"), link.commit({ position }), add("z")]);
    expect(numbers()).toEqual([`${SITE}/1/1=x`, `${SITE}/1/2=y`, `${SITE}/2/1=z`]);
  });

  test("an incarnation that was taken back with its entry never was", async () => {
    const { database, add, numbers } = await open();
    const numbering = new Numbering(database, SITE);
    const failing = database.writer.submit(() => {
      numbering.setNow({ site: SITE, incarnation: 2 });
      throw new Error(`no room for ${numbering.scope().incarnation}`);
    });
    await Promise.all([expect(failing).rejects.toThrow("no room for 2"), add("x")]);
    expect(numbers()).toEqual([`${SITE}/1/1=x`]);
    expect(numbering.scope().incarnation).toBe(1);
  });

  test("adopting renumbers what the hub knows otherwise", async () => {
    const { link, add, numbers } = await open();
    for (const value of ["1", "2", "3", "4"]) await add(value);
    await link.adopt({
      position: { ...INITIAL_POSITION, incarnation: 2 },
      renumber: [{ incarnation: 1, seq: 3 }],
      known: [],
      documents: [],
    });
    await add("5");
    expect(numbers()).toEqual([
      `${SITE}/1/1=1`,
      `${SITE}/1/2=2`,
      `${SITE}/2/1=3`,
      `${SITE}/2/2=4`,
      `${SITE}/2/3=5`,
    ]);
    expect((await link.changes(0, 10)).lastFacts).toEqual([
      { incarnation: 1, seq: 2 },
      { incarnation: 2, seq: 3 },
    ]);
  });
});

describe("deleteOldFacts()", () => {
  test("takes old, acknowledged facts and leaves the last one", async () => {
    const { database, add, numbers } = await open();
    for (const [value, atMs] of [
      ["old", 1],
      ["old too", 2],
      ["old, not acknowledged", 3],
    ] as const) {
      await add(value, atMs);
    }
    expect(await deleteOldFacts(database, { beforeMs: 5, nowMs: 100 }, through(2))).toBe(2);
    expect(numbers()).toEqual([`${SITE}/1/3=old, not acknowledged`]);
    expect(await deleteOldFacts(database, { beforeMs: 5, nowMs: 100 }, through(3))).toBe(0);
    await add("next");
    expect(await deleteOldFacts(database, { beforeMs: 5, nowMs: 100 }, through(3))).toBe(1);
    expect(numbers()).toEqual([`${SITE}/1/4=next`]);
  });

  test("takes the beginning only: what a wrong clock called old waits for what came before it", async () => {
    const { database, add, numbers } = await open();
    await add("old", 10);
    await add("young", 90);
    await add("of 1970", 0);
    await add("young too", 91);
    expect(await deleteOldFacts(database, { beforeMs: 50, nowMs: 100 }, through(4))).toBe(1);
    expect(numbers().map((one) => one.split("=")[1])).toEqual(["young", "of 1970", "young too"]);
    expect(await deleteOldFacts(database, { beforeMs: 91, nowMs: 100 }, through(4))).toBe(2);
    expect(numbers()).toEqual([`${SITE}/1/4=young too`]);
  });

  test("facts of a time to come stay while nothing old comes behind them", async () => {
    const { database, add, numbers } = await open();
    const ahead = 2 * 365 * 86_400_000;
    for (const atMs of [10, ahead, 11, 90, ahead, ahead]) await add(`at ${atMs}`, atMs);
    expect(await deleteOldFacts(database, { beforeMs: 50, nowMs: 100 }, through(6))).toBe(3);
    expect(await deleteOldFacts(database, { beforeMs: 91, nowMs: 100 }, through(6))).toBe(1);
    expect(numbers()).toHaveLength(2);
    expect(await deleteOldFacts(database, { beforeMs: 99, nowMs: 100 }, through(6))).toBe(0);
  });

  test(`deletes ${FACTS_PER_SWEEP} at a time, until all that is old is gone`, async () => {
    const { database, store, numbers } = await open();
    const many = (count: number, atMs: number) =>
      Array.from({ length: count }, () => factOf("a", "x", { atMs }));
    const old = 2 * FACTS_PER_SWEEP + 3;
    await store.commit([{ device: idOf("a"), facts: [...many(old, 1), ...many(5, 9)] }]);
    expect(await deleteOldFacts(database, { beforeMs: 5, nowMs: 100 }, through(1e9))).toBe(old);
    expect(numbers()).toHaveLength(5);
    expect(await deleteOldFacts(database, { beforeMs: 5, nowMs: 100 }, through(1e9))).toBe(0);
  });
});

function through(seq: number) {
  return [{ site: SITE, incarnation: 1, seq }];
}
