import { describe, expect, test } from "bun:test";
import { asc } from "drizzle-orm";
import type { Fact } from "../../../../devices/model/fact.ts";
import type { Knock } from "../../../../devices/ports/site-store.ts";
import { enrolmentCodes, knocks } from "../../../../gateway/db/schema/devices.ts";
import { facts } from "../../../../gateway/db/schema/installations.ts";
import { CachedSiteStore } from "../../../../gateway/db/stores/cached-site-store.ts";
import {
  SqlDeviceCertificates,
  SqlWindowsEnrolments,
} from "../../../../gateway/db/stores/device-certificates.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { deviceNamed, idOf, rowOf, SITE } from "../../../contracts/site-rows.ts";
import { siteStoreContract } from "../../../contracts/site-store.contract.ts";
import { openMemory } from "../temporary.ts";

for (const [name, storeOver] of [
  ["libSQL", (store: SqlSiteStore) => store],
  ["libSQL, remembered", (store: SqlSiteStore) => new CachedSiteStore(store)],
] as const) {
  siteStoreContract(name, async () => {
    const database = await openMemory();
    const { db } = database;
    return {
      store: storeOver(new SqlSiteStore(database, SITE)),
      facts: async () => db.select().from(facts).orderBy(asc(facts.seq)).all() as Fact[],
      certificates: new SqlDeviceCertificates(database),
      enrolments: new SqlWindowsEnrolments(database),
      knocks: async () => db.select().from(knocks).all() as Knock[],
      addCode: async (codeHash, expiresAtMs) => {
        db.insert(enrolmentCodes)
          .values({
            id: codeHash,
            codeHash,
            note: "",
            template: "{}",
            createdBy: "test",
            createdAtMs: 0,
            expiresAtMs,
          })
          .run();
      },
      codeUsedBy: async (codeHash) =>
        db
          .select()
          .from(enrolmentCodes)
          .all()
          .find((code) => code.codeHash === codeHash)?.usedBy ?? null,
      close: () => database.close(),
    };
  });
}

describe("SqlSiteStore", () => {
  test("revision() rises by one with every changed row", async () => {
    await using database = await openMemory();
    const store = new SqlSiteStore(database, SITE);
    expect(store.revision()).toBe(0);
    await store.commit([
      {
        device: idOf("a"),
        put: deviceNamed("a"),
        installations: [rowOf("a", "d1"), rowOf("a", "d2")],
      },
    ]);
    expect(store.revision()).toBe(2);
    await store.commit([{ device: idOf("a"), installations: [rowOf("a", "d1")] }]);
    expect(store.revision()).toBe(3);
    await store.commit([{ device: idOf("a"), put: deviceNamed("a") }]);
    expect(store.revision()).toBe(3);
  });

  test("writes rows under the site's own name, whatever the caller thought it was", async () => {
    await using database = await openMemory();
    const store = new SqlSiteStore(database, SITE);
    const foreign = "other" as typeof SITE;
    await store.commit([
      {
        device: idOf("a"),
        put: deviceNamed("a", { site: foreign }),
        installations: [rowOf("a", "d1", { site: foreign })],
      },
    ]);
    const view = await store.view(idOf("a"));
    expect(view?.device.site).toBe(SITE);
    expect(view?.installations.map(({ site }) => site)).toEqual([SITE]);
  });
});
