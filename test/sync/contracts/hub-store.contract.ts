import { describe, expect, test } from "bun:test";
import { INCARNATION_STEP } from "../../../devices/model/device.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import type { DistributionId, PackageId, SiteId } from "../../../devices/model/ids.ts";
import type { HubStore, IngestWrite, JoinCode, SiteRecord } from "../../../sync/ports/hub-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../contracts/site-rows.ts";

type Open = () => Promise<{ readonly store: HubStore; readonly close: () => Promise<void> }>;

const RECORD: SiteRecord = {
  id: SITE,
  name: "Shop 1",
  timeZone: "Europe/Prague",
  publicKey: "key",
  sealingKey: "seal",
  nextPublicKey: "key-2",
  nextSealingKey: "seal-2",
  keysSinceMs: 6,
  instance: "now",
  formerInstances: [{ instance: "before", replacedRealMs: 3 }],
  incarnation: 2,
  acknowledgedFrame: 4,
  needsSnapshot: true,
  joinedAtMs: 1,
  lastSeenMs: null,
  asOfMs: 5,
  clockOffsetMs: -7,
  confirmedPolicyVersion: 6,
  alarm: "two of them",
  revokedAtMs: null,
};
const CODE: JoinCode = {
  id: "c1",
  codeHash: "hash",
  site: SITE,
  name: "Shop 1",
  createdBy: "anna",
  createdAtMs: 1,
  expiresAtMs: 9,
  usedAtMs: null,
  usedByKey: null,
};
const INGEST: IngestWrite = {
  site: { ...RECORD, acknowledgedFrame: 5 },
  inbox: {
    site: SITE,
    incarnation: 2,
    frameSeq: 5,
    kind: "journal",
    bytes: 10,
    sha256: "x",
    receivedAtMs: 7,
  },
};

/** What every HubStore must do. */
export function hubStoreContract(name: string, open: Open): void {
  const withStore = (title: string, body: (store: HubStore) => Promise<void>) =>
    test(title, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  describe(`HubStore contract: ${name}`, () => {
    withStore("begins with nothing", async (store) => {
      expect(await store.identity()).toBeUndefined();
      expect(await store.sites()).toEqual([]);
      expect(await store.site(SITE)).toBeUndefined();
      expect(await store.findJoinCode("hash")).toBeUndefined();
      expect(await store.inboxEntry(SITE, 2, 5)).toBeUndefined();
      expect(await store.document("policy/org")).toBeUndefined();
      expect(await store.factPositions(SITE)).toEqual([]);
      expect((await store.devices([idOf("till")])).size).toBe(0);
      expect(await store.deviceIdsOf(SITE, "", 5)).toEqual([]);
    });

    withStore("keeps the first identity and refuses another", async (store) => {
      const identity = { organisation: "org", signingPrivate: "a", signingPublic: "b" };
      await store.putIdentity(identity);
      await store.putIdentity(identity);
      await expect(store.putIdentity({ ...identity, organisation: "x" })).rejects.toMatchObject({
        code: "conflict",
      });
      expect(await store.identity()).toEqual(identity);
    });

    withStore("joining keeps the site, every field, and the code as used", async (store) => {
      await store.putJoinCode(CODE);
      expect(await store.findJoinCode("hash")).toEqual(CODE);
      const used = { ...CODE, usedAtMs: 8, usedByKey: "key" };
      await store.join(RECORD, used);
      expect(await store.site(SITE)).toEqual(RECORD);
      expect(await store.findJoinCode("hash")).toEqual(used);
      const other = { ...RECORD, id: "brno" as SiteId, alarm: null };
      await store.putSite(other);
      await store.putSite({ ...RECORD, revokedAtMs: 9 });
      expect(await store.sites()).toEqual([other, { ...RECORD, revokedAtMs: 9 }]);
    });

    withStore(
      "one ingest is everything of a frame; repeating it changes nothing",
      async (store) => {
        const update = new Uint8Array([1, 0]);
        const at = { version: 1, atMs: 1 };
        const write: IngestWrite = {
          ...INGEST,
          documents: [{ kind: "replace", name: "status/shop-1/2", state: update, ...at }],
          facts: [fact(1, 1), fact(1, 2)],
          factPosition: { incarnation: 1, seq: 2 },
          devices: [deviceNamed("till")],
          rows: [rowOf("till", "d1")],
        };
        for (let time = 0; time < 2; time += 1) {
          await store.ingest(write);
          expect(await store.site(SITE)).toEqual(write.site);
          expect(await store.inboxEntry(SITE, 2, 5)).toEqual(INGEST.inbox);
          expect(await store.document("status/shop-1/2")).toMatchObject({ state: update });
          expect(await store.documentNames("status/shop-1/")).toEqual(["status/shop-1/2"]);
          expect(await store.documentNames("status/brno/")).toEqual([]);
          expect(await store.factPositions(SITE)).toEqual([{ incarnation: 1, seq: 2 }]);
          expect(await store.facts(SITE, { incarnation: 1, seq: 1 }, 5)).toEqual([fact(1, 2)]);
          const known = await store.devices([idOf("till"), idOf("nobody")]);
          expect([...known]).toEqual([
            [idOf("till"), { rows: [rowOf("till", "d1")], devices: [deviceNamed("till")] }],
          ]);
        }
      },
    );

    withStore(
      "positions are per incarnation, ascending, and go on with each frame",
      async (store) => {
        for (const [incarnation, seq] of [
          [9, 1],
          [2, 5],
          [2, 7],
        ] as const) {
          await store.ingest({ ...INGEST, factPosition: { incarnation, seq } });
        }
        expect(await store.factPositions(SITE)).toEqual([
          { incarnation: 2, seq: 7 },
          { incarnation: 9, seq: 1 },
        ]);
      },
    );

    withStore(
      "knows a device from all its sites, and a site's devices page by page",
      async (store) => {
        const brno = "brno" as SiteId;
        await store.ingest({ ...INGEST, devices: [deviceNamed("till"), deviceNamed("kiosk")] });
        await store.ingest({
          ...INGEST,
          devices: [deviceNamed("till", { site: brno })],
          rows: [rowOf("till", "d1", { site: brno }), rowOf("lost", "d1")],
        });
        const till = (await store.devices([idOf("till")])).get(idOf("till"));
        expect(till?.devices.map(({ site }) => String(site)).sort()).toEqual(["brno", "shop-1"]);
        expect(till?.rows).toHaveLength(1);
        const ids = [idOf("till"), idOf("kiosk"), idOf("lost")].sort();
        expect(await store.deviceIdsOf(SITE, "", 2)).toEqual(ids.slice(0, 2));
        const [, second = ""] = ids;
        expect(await store.deviceIdsOf(SITE, second as (typeof ids)[number], 2)).toEqual(
          ids.slice(2),
        );
      },
    );

    withStore(
      "finds the rows of some packages and distributions, and the device without any",
      async (store) => {
        const rows = [
          rowOf("till", "d1", { package: "a" as PackageId }),
          rowOf("till", "d2", { package: "a" as PackageId }),
          rowOf("till", "d3", { package: "b" as PackageId }),
          rowOf("till", "d4", { package: "c" as PackageId }),
        ];
        await store.ingest({ ...INGEST, devices: [deviceNamed("till")], rows });
        const among = async (packages: readonly string[], distributions: readonly string[]) => {
          const till = (
            await store.devices([idOf("till")], {
              packages: packages as PackageId[],
              distributions: distributions as DistributionId[],
            })
          ).get(idOf("till"));
          return [till?.devices.length, till?.rows.map(({ distribution }) => String(distribution))];
        };
        expect(await among(["a"], [])).toEqual([1, ["d1", "d2"]]);
        expect(await among(["c"], ["d1", "d3"])).toEqual([1, ["d1", "d3", "d4"]]);
        expect(await among([], ["other"])).toEqual([1, []]);
      },
    );

    withStore(
      "issues incarnations above everything issued or reported, in whole steps",
      async (store) => {
        const [first] = await store.issueIncarnations([idOf("till")]);
        expect(first).toEqual({ device: idOf("till"), incarnation: INCARNATION_STEP, sequence: 0 });
        const [second] = await store.issueIncarnations([idOf("till")]);
        expect(second?.incarnation).toBe(2 * INCARNATION_STEP);
        const provisional = { incarnation: 2 * INCARNATION_STEP + 3, sequence: 11 };
        await store.ingest({
          ...INGEST,
          devices: [deviceNamed("till", provisional)],
          rows: [rowOf("till", "d1", { ...provisional, sequence: 12 })],
        });
        const issued = await store.issueIncarnations([idOf("till"), idOf("new")]);
        expect(issued).toEqual([
          { device: idOf("till"), incarnation: 3 * INCARNATION_STEP, sequence: 12 },
          { device: idOf("new"), incarnation: INCARNATION_STEP, sequence: 0 },
        ]);
      },
    );
  });
}

function fact(siteIncarnation: number, seq: number): Fact {
  return { ...factOf("till", String(seq)), site: SITE, siteIncarnation, seq };
}
