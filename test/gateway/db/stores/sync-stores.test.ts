/** What the stores of policy, hub and link keep; their ports' contracts say the rest. */
import { describe, expect, test } from "bun:test";
import type { SiteId } from "../../../../devices/model/ids.ts";
import { inbox, quarantine } from "../../../../gateway/db/schema/link.ts";
import { SqlHubStore } from "../../../../gateway/db/stores/hub-store.ts";
import { SqlPolicyStore } from "../../../../gateway/db/stores/policy-store.ts";
import { SqlSiteLinkStore } from "../../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { ValueStore } from "../../../../gateway/db/stores/value-store.ts";
import { newSiteKeys } from "../../../../sync/crypto/keys.ts";
import { firstKeyring, Keyring } from "../../../../sync/link/keyring.ts";
import type { IngestWrite, JoinCode, SiteRecord } from "../../../../sync/ports/hub-store.ts";
import type { PolicyWrite } from "../../../../sync/ports/policy-store.ts";
import { INITIAL_POSITION } from "../../../../sync/ports/site-link-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../../contracts/site-rows.ts";
import { openMemory } from "../temporary.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

describe("SqlPolicyStore", () => {
  const record = {
    kind: "package" as const,
    id: "pos",
    origin: "policy/org",
    body: '{"name":"Kasse"}',
    quarantine: null,
    updatedAtMs: 5,
  };
  const nothing: PolicyWrite = { documents: [], put: [], removed: [], secrets: [] };

  test("documents grow a tail, are replaced whole, and go", async () => {
    await using database = await openMemory();
    const store = new SqlPolicyStore(database);
    const append = (update: Uint8Array, version: number) =>
      store.commit({
        ...nothing,
        documents: [{ kind: "append", name: "policy/org", update, version, atMs: 1 }],
      });
    await append(bytes(1), 1);
    await append(bytes(0, 255), 2);
    expect((await store.load()).documents).toEqual([
      { name: "policy/org", state: bytes(), tail: [bytes(1), bytes(0, 255)], version: 2 },
    ]);
    const replace = { kind: "replace", name: "policy/org", state: bytes(7), version: 3 } as const;
    await store.commit({ ...nothing, documents: [{ ...replace, atMs: 2 }] });
    await append(bytes(8), 4);
    expect((await store.load()).documents).toEqual([
      { name: "policy/org", state: bytes(7), tail: [bytes(8)], version: 4 },
    ]);
    await store.commit({ ...nothing, documents: [{ kind: "remove", name: "policy/org" }] });
    expect((await store.load()).documents).toEqual([]);
  });

  test("records are upserts by kind and id; secrets are kept apart", async () => {
    await using database = await openMemory();
    const store = new SqlPolicyStore(database);
    const secrets = [{ name: "token", value: "s3cret" }];
    await store.commit({ ...nothing, put: [record, { ...record, kind: "group" }], secrets });
    await store.commit({ ...nothing, put: [{ ...record, quarantine: "no name" }] });
    await store.commit({ ...nothing, removed: [{ kind: "group", id: "pos" }] });
    const { records, secrets: kept } = await store.load();
    expect(records).toEqual([{ ...record, quarantine: "no name" }]);
    expect([...kept]).toEqual([["token", "s3cret"]]);
    await store.commit({ ...nothing, secrets: [{ name: "token", value: null }] });
    expect((await store.load()).secrets.size).toBe(0);
  });

  test("a write that fails in the middle leaves nothing", async () => {
    await using database = await openMemory();
    const store = new SqlPolicyStore(database);
    const bad = { ...record, id: "bad", body: "a\0b" };
    await expect(store.commit({ ...nothing, put: [record, bad] })).rejects.toThrow("NUL");
    expect((await store.load()).records).toEqual([]);
  });
});

describe("SqlHubStore", () => {
  const site: SiteRecord = {
    id: SITE,
    name: "Shop 1",
    timeZone: "Europe/Prague",
    publicKey: "key",
    sealingKey: "seal",
    nextPublicKey: "key-2",
    nextSealingKey: "seal-2",
    keysSinceMs: 6,
    instance: "i1",
    formerInstances: [{ instance: "i0", replacedRealMs: 3 }],
    incarnation: 1,
    acknowledgedFrame: 4,
    needsSnapshot: true,
    joinedAtMs: 1,
    lastSeenMs: null,
    asOfMs: null,
    clockOffsetMs: -5,
    confirmedPolicyVersion: 2,
    alarm: null,
    revokedAtMs: null,
  };
  const code: JoinCode = {
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
  const entry = { site: SITE, incarnation: 1, frameSeq: 5, kind: "journal" as const };
  const ingest: IngestWrite = {
    site: { ...site, acknowledgedFrame: 5 },
    inbox: { ...entry, bytes: 10, sha256: "x", receivedAtMs: 7 },
    facts: [{ ...factOf("a", "6"), site: SITE, siteIncarnation: 1, seq: 1 }],
    factPosition: { incarnation: 1, seq: 1 },
    devices: [deviceNamed("a", { incarnation: 1030, sequence: 9 })],
    rows: [rowOf("b", "d1", { incarnation: 1025, sequence: 4 })],
    quarantined: {
      id: "q1",
      site: SITE,
      incarnation: 1,
      frameSeq: 5,
      kind: "journal",
      bytes: 3,
      sha256: "y",
      reason: "no",
      frame: bytes(1, 0, 2),
      receivedAtMs: 7,
    },
  };

  test("sites and join codes come back as they went in", async () => {
    await using database = await openMemory();
    const store = new SqlHubStore(database);
    await store.putJoinCode(code);
    expect(await store.findJoinCode("hash")).toEqual(code);
    await store.join(site, { ...code, usedAtMs: 2, usedByKey: "key" });
    expect(await store.findJoinCode("hash")).toMatchObject({ usedAtMs: 2, usedByKey: "key" });
    expect(await store.site(SITE)).toEqual(site);
    expect(await store.sites()).toEqual([site]);
    expect(await store.site("other" as SiteId)).toBeUndefined();
  });

  test("the first identity holds", async () => {
    await using database = await openMemory();
    const store = new SqlHubStore(database);
    const identity = { organisation: "org", signingPrivate: "a", signingPublic: "b" };
    expect(await store.identity()).toBeUndefined();
    await store.putIdentity(identity);
    await store.putIdentity(identity);
    const other = store.putIdentity({ ...identity, organisation: "other" });
    await expect(other).rejects.toMatchObject({ code: "conflict" });
    expect(await store.identity()).toEqual(identity);
  });

  test("a frame is taken in whole, and taking it in twice is taking it in once", async () => {
    await using database = await openMemory();
    const store = new SqlHubStore(database);
    await store.ingest(ingest);
    await store.ingest(ingest);
    expect(await store.inboxEntry(SITE, 1, 5)).toEqual(ingest.inbox);
    expect(await store.inboxEntry(SITE, 1, 6)).toBeUndefined();
    expect(await store.factPositions(SITE)).toEqual([{ incarnation: 1, seq: 1 }]);
    expect(await store.facts(SITE, { incarnation: 1, seq: 0 }, 10)).toEqual([
      ...(ingest.facts ?? []),
    ]);
    expect(await store.facts(SITE, { incarnation: 1, seq: 1 }, 10)).toEqual([]);
    const known = await store.devices([idOf("a"), idOf("b"), idOf("c")]);
    expect(known.get(idOf("a"))).toEqual({ devices: [...(ingest.devices ?? [])], rows: [] });
    expect(known.get(idOf("b"))).toEqual({ devices: [], rows: [...(ingest.rows ?? [])] });
    expect(known.has(idOf("c"))).toBe(false);
    const ids = [idOf("a"), idOf("b")].toSorted();
    expect(await store.deviceIdsOf(SITE, "", 10)).toEqual(ids);
    expect(await store.deviceIdsOf(SITE, ids[0] ?? "", 10)).toEqual(ids.slice(1));
    expect(await store.deviceIdsOf(SITE, "", 1)).toEqual(ids.slice(0, 1));
    expect(database.db.select().from(inbox).all()).toHaveLength(1);
    const [kept] = database.db.select().from(quarantine).all();
    expect(new Uint8Array(kept?.frame ?? [])).toEqual(bytes(1, 0, 2));
  });

  test("a frame that fails in the middle leaves nothing", async () => {
    await using database = await openMemory();
    const store = new SqlHubStore(database);
    const policy: PolicyWrite = {
      documents: [],
      put: [],
      removed: [],
      secrets: [{ name: "x", value: "a\0b" }],
    };
    await expect(store.ingest({ ...ingest, policy })).rejects.toThrow("NUL");
    expect(await store.sites()).toEqual([]);
    expect(await store.factPositions(SITE)).toEqual([]);
  });

  test("incarnations are issued above all that were issued or reported", async () => {
    await using database = await openMemory();
    const store = new SqlHubStore(database);
    await store.ingest(ingest);
    const [a, b, c] = [idOf("a"), idOf("b"), idOf("c")];
    expect(await store.issueIncarnations([a, b, c])).toEqual([
      { device: a, incarnation: 2048, sequence: 9 },
      { device: b, incarnation: 2048, sequence: 4 },
      { device: c, incarnation: 1024, sequence: 0 },
    ]);
    expect(await store.issueIncarnations([a, c])).toEqual([
      { device: a, incarnation: 3072, sequence: 9 },
      { device: c, incarnation: 2048, sequence: 0 },
    ]);
  });
});

describe("SqlSiteLinkStore", () => {
  test("frames leave in order and only when they are acknowledged", async () => {
    await using database = await openMemory();
    const link = new SqlSiteLinkStore(database, SITE);
    const frame = (seq: number) => ({
      incarnation: 1,
      seq,
      kind: "status" as const,
      bytes: bytes(seq, 0),
      createdAtMs: 1,
    });
    expect(await link.position()).toEqual(INITIAL_POSITION);
    for (const seq of [1, 2]) {
      await link.commit({ position: { ...INITIAL_POSITION, frameSeq: seq }, frame: frame(seq) });
    }
    expect(await link.oldestFrame()).toEqual(frame(1));
    const position = { ...INITIAL_POSITION, frameSeq: 2, acknowledgedFrame: 1 };
    await link.commit({ position, dropFramesThrough: 1 });
    expect(await link.oldestFrame()).toEqual(frame(2));
    expect(await link.position()).toEqual(position);
  });

  test("keys of a database from before they could be changed are the first keyring", async () => {
    await using database = await openMemory();
    const link = new SqlSiteLinkStore(database, SITE);
    const keys = newSiteKeys();
    await new ValueStore(database).put("identity/keys", JSON.stringify(keys));
    const first = firstKeyring(keys);
    expect(await link.keyring()).toEqual(first);
    const ring = await Keyring.open(link);
    await ring.rotate(SITE, 5);
    expect(await link.keyring()).toEqual(ring.ring);
    expect((await link.keyring())?.current).toEqual(keys);
  });

  test("changes() and pending() count what the hub has not", async () => {
    await using database = await openMemory();
    const link = new SqlSiteLinkStore(database, SITE);
    const store = new SqlSiteStore(database, SITE);
    const rows = ["d1", "d2", "d3"].map((name) => rowOf("a", name));
    await store.commit([
      { device: idOf("a"), installations: rows, facts: [factOf("a", "1"), factOf("a", "2")] },
    ]);
    expect(await link.changes(1, 1)).toEqual({
      rows: [{ row: rowOf("a", "d2"), revision: 2 }],
      more: true,
      lastFacts: [{ incarnation: 1, seq: 2 }],
    });
    expect((await link.changes(2, 1)).more).toBe(false);
    expect(await link.pending(1, [{ incarnation: 1, seq: 1 }])).toEqual({ rows: 2, facts: 1 });
    expect(await link.pending(0, [])).toEqual({ rows: 3, facts: 2 });
  });
});
