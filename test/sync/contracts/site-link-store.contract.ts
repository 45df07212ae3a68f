import { describe, expect, test } from "bun:test";
import type { Device } from "../../../devices/model/device.ts";
import type { NewFact } from "../../../devices/model/fact.ts";
import { deviceIdFrom, type SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import {
  INITIAL_POSITION,
  type LinkPosition,
  type SiteIdentity,
  type SiteKeyring,
  type SiteLinkStore,
} from "../../../sync/ports/site-link-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../contracts/site-rows.ts";

/** A store, and how device sessions write into the same database. */
export interface SiteLinkBench {
  readonly store: SiteLinkStore;
  readonly record: (
    device: Device,
    rows: readonly Installation[],
    facts: readonly NewFact[],
  ) => Promise<void>;
  readonly markRestored: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const KEYS = { signingPrivate: "a", signingPublic: "b", sealingPrivate: "c", sealingPublic: "d" };
const SUCCESSION = { payload: "{}", signature: "s", proof: "p" };
const RING: SiteKeyring = {
  current: KEYS,
  sinceMs: null,
  next: { keys: { ...KEYS, signingPublic: "e" }, succession: SUCCESSION, madeAtMs: 4 },
  formerSealing: [],
  successions: [SUCCESSION],
  problem: null,
};
const IDENTITY: SiteIdentity = {
  site: SITE,
  name: "Shop 1",
  timeZone: "Europe/Prague",
  organisation: "org",
  hubUrl: "http://hub.test",
  hubPublicKey: "key",
  joinedAtMs: 1,
};
const OTHER_SITE = "shop-0" as SiteId;
const POSITION: LinkPosition = { ...INITIAL_POSITION, frameSeq: 3, acknowledgedFrame: 1 };

/** What every SiteLinkStore must do. */
export function siteLinkStoreContract(name: string, open: () => Promise<SiteLinkBench>): void {
  const withBench = (title: string, body: (bench: SiteLinkBench) => Promise<void>) =>
    test(title, async () => {
      const bench = await open();
      try {
        await body(bench);
      } finally {
        await bench.close();
      }
    });

  describe(`SiteLinkStore contract: ${name}`, () => {
    withBench(
      "begins without keys, identity and frames, at the initial position",
      async ({ store }) => {
        expect(await store.keyring()).toBeUndefined();
        expect(await store.identity()).toBeUndefined();
        expect(await store.oldestFrame()).toBeUndefined();
        expect(await store.position()).toEqual(INITIAL_POSITION);
        expect(await store.restored()).toBe(false);
        expect(await store.changes(0, 10)).toEqual({ rows: [], more: false, lastFacts: [] });
        expect(await store.pending(0, [])).toEqual({ rows: 0, facts: 0 });
      },
    );

    withBench("keeps the keyring, and changes the one that it is told to", async ({ store }) => {
      for (let time = 0; time < 2; time += 1) await store.changeKeyring(undefined, RING);
      expect(await store.keyring()).toEqual(RING);
      const next = { ...RING, next: null, sinceMs: 9, formerSealing: ["c"] };
      for (let time = 0; time < 2; time += 1) await store.changeKeyring(RING, next);
      await expect(store.changeKeyring(RING, { ...RING, problem: "x" })).rejects.toMatchObject({
        code: "conflict",
      });
      await expect(store.changeKeyring(undefined, RING)).rejects.toMatchObject({
        code: "conflict",
      });
      expect(await store.keyring()).toEqual(next);
    });

    withBench("a commit carries new keys with the position", async ({ store }) => {
      await store.join(IDENTITY, INITIAL_POSITION);
      await store.changeKeyring(undefined, RING);
      const keyring = { ...RING, next: null, sinceMs: 9 };
      await store.commit({ position: POSITION, keyring });
      expect(await store.keyring()).toEqual(keyring);
      await store.commit({ position: INITIAL_POSITION });
      expect(await store.keyring()).toEqual(keyring);
    });

    withBench(
      "joining renames what was recorded before; repeating it changes nothing",
      async (bench) => {
        const { store } = bench;
        await bench.record(deviceNamed("till"), [rowOf("till", "d1")], [factOf("till", "6")]);
        const position = { ...INITIAL_POSITION, incarnation: 7, mustAdopt: true };
        for (let time = 0; time < 2; time += 1) {
          await store.join(IDENTITY, position);
          expect(await store.identity()).toEqual(IDENTITY);
          expect(await store.position()).toEqual(position);
          const { rows, lastFacts } = await store.changes(0, 10);
          expect(rows.map(({ row }) => row.site)).toEqual([SITE]);
          expect(lastFacts).toEqual([{ incarnation: 7, seq: 1 }]);
          expect(await store.facts({ incarnation: 7, seq: 0 }, 10)).toMatchObject([{ site: SITE }]);
        }
      },
    );

    withBench(
      "joining gives devices the ids of the organisation, with all that is known of them",
      async (bench) => {
        const { store } = bench;
        const id = deviceIdFrom("of a site alone", "urn:imei:till");
        const row = { ...rowOf("till", "d1"), device: id };
        await bench.record(
          { ...deviceNamed("till"), id },
          [row],
          [{ ...factOf("till", "6"), device: id }],
        );
        for (let time = 0; time < 2; time += 1) {
          await store.join(IDENTITY, { ...POSITION, flushedRevision: 0 });
          const { rows } = await store.changes(0, 10);
          expect(rows.map(({ row }) => row.device)).toEqual([idOf("till")]);
          const facts = await store.facts({ incarnation: POSITION.incarnation, seq: 0 }, 10);
          expect(facts.map(({ device }) => device)).toEqual([idOf("till")]);
        }
      },
    );

    withBench("joining numbers the facts of before from 1 on, in their order", async (bench) => {
      const { store } = bench;
      await store.join({ ...IDENTITY, site: OTHER_SITE }, INITIAL_POSITION);
      await bench.record(deviceNamed("till"), [], [factOf("till", "1"), factOf("till", "2")]);
      await store.commit({ position: { ...INITIAL_POSITION, incarnation: 9 } });
      await bench.record(deviceNamed("till"), [], [factOf("till", "3")]);
      await store.join(IDENTITY, { ...INITIAL_POSITION, incarnation: 4 });
      const facts = await store.facts({ incarnation: 4, seq: 0 }, 10);
      expect(facts.map(({ seq, value, site }) => [seq, value, site])).toEqual([
        [1, "1", SITE],
        [2, "2", SITE],
        [3, "3", SITE],
      ]);
      expect((await store.changes(0, 1)).lastFacts).toEqual([{ incarnation: 4, seq: 3 }]);
    });

    withBench("tells changed rows in order of change, as many as asked", async (bench) => {
      const { store } = bench;
      await store.join(IDENTITY, POSITION);
      for (const distribution of ["d1", "d2", "d3"]) {
        await bench.record(deviceNamed("till"), [rowOf("till", distribution)], []);
      }
      const first = await store.changes(0, 2);
      expect(first.rows.map(({ row }) => String(row.distribution))).toEqual(["d1", "d2"]);
      expect(first.more).toBe(true);
      const last = first.rows.at(-1)?.revision ?? 0;
      const second = await store.changes(last, 2);
      expect(second.rows.map(({ row }) => row)).toEqual([rowOf("till", "d3")]);
      expect(second.more).toBe(false);
      await bench.record(deviceNamed("till"), [rowOf("till", "d1", { sequence: 9 })], []);
      const third = await store.changes(second.rows.at(-1)?.revision ?? 0, 2);
      expect(third.rows).toMatchObject([{ row: { distribution: "d1", sequence: 9 } }]);
      expect((await store.pending(last, [])).rows).toBe(2);
    });

    withBench("tells facts of one incarnation after a number", async (bench) => {
      const { store } = bench;
      await store.join(IDENTITY, POSITION);
      const facts = ["1", "2", "3"].map((value) => factOf("till", value));
      await bench.record(deviceNamed("till"), [], facts);
      const found = await store.facts({ incarnation: 1, seq: 1 }, 1);
      expect(found).toMatchObject([{ seq: 2, value: "2", site: SITE, siteIncarnation: 1 }]);
      expect(await store.facts({ incarnation: 1, seq: 3 }, 9)).toEqual([]);
      expect(await store.facts({ incarnation: 2, seq: 0 }, 9)).toEqual([]);
      expect((await store.changes(0, 1)).lastFacts).toEqual([{ incarnation: 1, seq: 3 }]);
      expect((await store.pending(0, [{ incarnation: 1, seq: 2 }])).facts).toBe(1);
      expect((await store.pending(0, [])).facts).toBe(3);
    });

    withBench(
      "a commit is frame, document and position at once; frames go when acknowledged",
      async ({ store }) => {
        await store.join(IDENTITY, INITIAL_POSITION);
        const bytes = new Uint8Array([0, 1, 255]);
        const frame = (seq: number) =>
          ({ incarnation: 1, seq, kind: "status", bytes, createdAtMs: 5 }) as const;
        const documentName = "status/shop-1/1";
        await store.commit({
          position: { ...POSITION, frameSeq: 1 },
          frame: frame(1),
          documents: [{ kind: "append", name: documentName, update: bytes, version: 1, atMs: 1 }],
        });
        await store.commit({ position: { ...POSITION, frameSeq: 2 }, frame: frame(2) });
        expect(await store.oldestFrame()).toEqual(frame(1));
        expect(await store.document(documentName)).toMatchObject({ tail: [bytes], version: 1 });
        await store.commit({ position: POSITION, dropFramesThrough: 1 });
        expect(await store.oldestFrame()).toEqual(frame(2));
        expect(await store.position()).toEqual(POSITION);
        await store.commit({ position: POSITION, dropFramesThrough: 2 });
        expect(await store.oldestFrame()).toBeUndefined();
      },
    );

    withBench(
      "facts written after a new position are numbered under its incarnation",
      async (bench) => {
        const { store } = bench;
        await store.join(IDENTITY, INITIAL_POSITION);
        await bench.record(deviceNamed("till"), [], [factOf("till", "1")]);
        await store.commit({ position: { ...INITIAL_POSITION, incarnation: 9 } });
        await bench.record(deviceNamed("till"), [], [factOf("till", "2")]);
        expect((await store.changes(0, 1)).lastFacts).toEqual([
          { incarnation: 1, seq: 1 },
          { incarnation: 9, seq: 1 },
        ]);
      },
    );

    withBench(
      "adopting is one step: devices, rows, numbers, documents, outbox, position",
      async (bench) => {
        const { store } = bench;
        await store.join(IDENTITY, INITIAL_POSITION);
        const values = ["1", "2", "3"].map((value) => factOf("till", value));
        await bench.record(deviceNamed("till", { sequence: 3 }), [], values);
        await bench.markRestored();
        expect(await store.restored()).toBe(true);
        const frame = { incarnation: 1, seq: 1, kind: "journal", createdAtMs: 5 } as const;
        await store.commit({
          position: INITIAL_POSITION,
          frame: { ...frame, bytes: new Uint8Array(3) },
          documents: [
            {
              kind: "replace",
              name: "status/shop-1/1",
              state: new Uint8Array([1]),
              version: 1,
              atMs: 1,
            },
          ],
        });
        const position = { ...INITIAL_POSITION, incarnation: 5 };
        const scanner = deviceNamed("scanner");
        await store.adopt({
          position,
          renumber: [{ incarnation: 1, seq: 2 }],
          known: [
            {
              id: idOf("till"),
              device: deviceNamed("till", { sequence: 9 }),
              rows: [rowOf("till", "d1")],
            },
            { id: scanner.id, device: scanner, rows: [] },
            { id: idOf("ghost"), device: null, rows: [rowOf("ghost", "d1")] },
          ],
          documents: [{ kind: "remove", name: "status/shop-1/1" }],
        });
        expect(await store.position()).toEqual(position);
        expect(await store.restored()).toBe(false);
        expect(await store.oldestFrame()).toBeUndefined();
        expect(await store.document("status/shop-1/1")).toBeUndefined();
        const { rows, lastFacts } = await store.changes(0, 10);
        expect(rows.map(({ row }) => row)).toEqual([rowOf("till", "d1")]);
        expect(lastFacts).toEqual([
          { incarnation: 1, seq: 1 },
          { incarnation: 5, seq: 4 },
        ]);
        const moved = await store.facts({ incarnation: 5, seq: 0 }, 10);
        expect(moved.map(({ kind, seq, value }) => [kind, seq, value.slice(0, 1)])).toEqual([
          ["report", 1, "2"],
          ["report", 2, "3"],
          ["report", 3, "6"],
          ["device", 4, "{"],
        ]);
      },
    );
  });
}
