/** What grows by itself, and what ends it. */
import { describe, expect, test } from "bun:test";
import { OFFLINE_HORIZON_DAYS } from "../../../../devices/model/limits.ts";
import type { OutpostDatabase } from "../../../../gateway/db/database.ts";
import { adminSessions, apiTokens, auditLog } from "../../../../gateway/db/schema/access.ts";
import {
  deviceCertificates,
  windowsEnrolments,
} from "../../../../gateway/db/schema/certificates.ts";
import { contentServed } from "../../../../gateway/db/schema/content.ts";
import {
  deviceCredentials,
  devices,
  downloadNodes,
  enrolmentCodes,
  instants,
  inventory,
  inventoryReads,
  knocks,
  sessions,
} from "../../../../gateway/db/schema/devices.ts";
import { inbox, joinCodes, quarantine, sites } from "../../../../gateway/db/schema/link.ts";
import {
  AUDIT_DAYS,
  CERTIFICATE_DAYS,
  CODE_DAYS,
  DEAD_TOKEN_DAYS,
  INSTANT_DAYS,
  KNOCK_DAYS,
  LOGIN_FAILURES_MAX,
  prune,
  ROWS_PER_SWEEP,
  SERVED_DAYS,
} from "../../../../gateway/db/stores/prune.ts";
import { siteRowFrom } from "../../../../gateway/db/stores/site-records.ts";
import {
  INBOX_DAYS,
  INBOX_FRAMES_PER_SITE_MAX,
  INBOX_REPEATABLE_FRAMES,
  QUARANTINE_DAYS,
} from "../../../../sync/limits.ts";
import { certificateOf, deviceNamed, idOf, SITE } from "../../../contracts/site-rows.ts";
import { openMemory, TEST_NOW_MS } from "../temporary.ts";

const NOW = TEST_NOW_MS;
const DAY_MS = 24 * 60 * 60 * 1000;
const TIMES = { nowMs: NOW, realMs: NOW };

/** Just old enough to go, and just young enough to stay. */
const around = (days: number) => [NOW - days * DAY_MS - 1, NOW - days * DAY_MS] as const;

describe("prune()", () => {
  test("finds nothing in an empty database", async () => {
    await using database = await openMemory();
    expect((await prune(database, TIMES)).size).toBe(0);
  });

  test("instants: past occurrences that are closed", async () => {
    await using database = await openMemory();
    const [old, young] = around(INSTANT_DAYS);
    const instant = { device: idOf("a"), instantMs: 1, evaluatedAtMs: null };
    database.db
      .insert(instants)
      .values([
        { ...instant, startMs: 1, endMs: old, closed: true },
        { ...instant, startMs: 2, endMs: old, closed: false },
        { ...instant, startMs: 3, endMs: young, closed: true },
      ])
      .run();
    expect([...(await prune(database, TIMES))]).toEqual([["instants", 1]]);
    expect(database.db.select().from(instants).all()).toMatchObject([
      { startMs: 2 },
      { startMs: 3 },
    ]);
  });

  test("certificates that ended long ago, and by which code a PC enrolled", async () => {
    await using database = await openMemory();
    const ends = around(CERTIFICATE_DAYS);
    const enrolments = around(CODE_DAYS);
    for (const [index, serial] of ["41", "42"].entries()) {
      const device = idOf("a");
      database.db
        .insert(deviceCertificates)
        .values(certificateOf("a", serial, { notAfterMs: ends[index] ?? 0 }))
        .run();
      database.db
        .insert(windowsEnrolments)
        .values({
          codeHash: serial,
          device,
          serial,
          seed: null,
          enrolledAtMs: enrolments[index] ?? 0,
        })
        .run();
    }
    expect(new Map(await prune(database, TIMES))).toEqual(
      new Map([
        ["windows_enrolments", 1],
        ["device_certificates", 1],
      ]),
    );
    expect(database.db.select().from(deviceCertificates).all()).toMatchObject([{ serial: "42" }]);
    expect(database.db.select().from(windowsEnrolments).all()).toMatchObject([{ serial: "42" }]);
  });

  test("what is kept of a device goes a while after its removal; its tombstone and name stay", async () => {
    await using database = await openMemory();
    const [old, young] = around(OFFLINE_HORIZON_DAYS);
    for (const [name, removedAtMs] of [
      ["gone", old],
      ["going", young],
      ["here", null],
    ] as const) {
      const device = idOf(name);
      database.db.insert(devices).values(deviceNamed(name, { removedAtMs })).run();
      database.db
        .insert(deviceCredentials)
        .values({ ...CREDENTIAL, device })
        .run();
      database.db
        .insert(sessions)
        .values({ device, sessionId: "1", state: "{}", updatedAtMs: 1 })
        .run();
      database.db
        .insert(inventory)
        .values({ ...ITEM, device })
        .run();
      database.db
        .insert(inventoryReads)
        .values({ device, provider: "EnterpriseAppManagement", context: "device", atMs: 1 })
        .run();
      database.db
        .insert(downloadNodes)
        .values({ ...NODE, device })
        .run();
      database.db
        .insert(instants)
        .values({ ...INSTANT, device })
        .run();
    }
    const deleted = await prune(database, TIMES);
    expect([...deleted].sort()).toEqual([
      ["device_credentials", 1],
      ["download_nodes", 1],
      ["instants", 1],
      ["inventory", 1],
      ["inventory_reads", 1],
      ["sessions", 1],
    ]);
    const left = database.db.select().from(deviceCredentials).all();
    expect(left.map(({ device }) => device)).toEqual([idOf("going"), idOf("here")]);
    expect(database.db.select().from(devices).all()).toHaveLength(3);
  });

  test("codes: those that were used or have expired", async () => {
    await using database = await openMemory();
    const [old, young] = around(CODE_DAYS);
    const ends = [
      ["used long ago", { usedAtMs: old, expiresAtMs: NOW }],
      ["used", { usedAtMs: young, expiresAtMs: old }],
      ["expired long ago", { usedAtMs: null, expiresAtMs: old }],
      ["expired", { usedAtMs: null, expiresAtMs: young }],
    ] as const;
    for (const [id, end] of ends) {
      const made = { id, codeHash: id, createdBy: "a", createdAtMs: 1, ...end };
      database.db
        .insert(joinCodes)
        .values({ ...made, site: SITE, name: "", usedByKey: null })
        .run();
      database.db
        .insert(enrolmentCodes)
        .values({ ...made, note: "", template: "{}", usedBy: null })
        .run();
    }
    expect([...(await prune(database, TIMES))].sort()).toEqual([
      ["enrolment_codes", 2],
      ["join_codes", 2],
    ]);
    const left = database.db.select().from(joinCodes).all();
    expect(left.map(({ id }) => id).sort()).toEqual(["expired", "used"]);
  });

  test("knocks: of devices that have not knocked since", async () => {
    await using database = await openMemory();
    const knock = { protocol: "oma-dm", address: "", details: "{}", firstAtMs: 1, count: 1 };
    for (const lastAtMs of around(KNOCK_DAYS)) {
      database.db
        .insert(knocks)
        .values({ ...knock, externalId: String(lastAtMs), lastAtMs })
        .run();
    }
    expect([...(await prune(database, TIMES))]).toEqual([["knocks", 1]]);
  });

  test("API tokens: dead ones only, by real time", async () => {
    await using database = await openMemory();
    const [old, young] = around(DEAD_TOKEN_DAYS);
    const ends = {
      "revoked long ago": { revokedAtMs: old, expiresAtMs: null },
      revoked: { revokedAtMs: young, expiresAtMs: null },
      "expired long ago": { revokedAtMs: null, expiresAtMs: old },
      expired: { revokedAtMs: null, expiresAtMs: young },
      alive: { revokedAtMs: null, expiresAtMs: null },
    };
    for (const [id, end] of Object.entries(ends)) {
      const token = { id, name: id, tokenHash: id, role: "viewer", scopes: "", createdBy: "a" };
      database.db
        .insert(apiTokens)
        .values({ ...token, createdAtMs: 1, lastUsedAtMs: null, ...end })
        .run();
    }
    // A test clock that is years ahead takes nobody's token away.
    await prune(database, { nowMs: NOW + 5000 * DAY_MS, realMs: NOW });
    const left = database.db.select().from(apiTokens).all();
    expect(left.map(({ id }) => id).sort()).toEqual(["alive", "expired", "revoked"]);
  });

  test("audit log: by age; failed logins by number as well, the newest stay", async () => {
    await using database = await openMemory();
    const [old, young] = around(AUDIT_DAYS);
    const entry = { by: "anna", subject: "", details: "{}", address: "" };
    const add = (action: string, atMs: number) =>
      database.db
        .insert(auditLog)
        .values({ ...entry, action, atMs })
        .run();
    add("device.remove", old);
    add("device.remove", young);
    await database.writer.submit(() => {
      for (let index = 0; index < LOGIN_FAILURES_MAX + 3; index++) add("login.failed", young);
    });
    add("login", young);
    expect([...(await prune(database, TIMES))]).toEqual([["audit_log", 4]]);
    const left = database.db.select().from(auditLog).all();
    expect(left.filter(({ action }) => action === "login.failed")).toHaveLength(LOGIN_FAILURES_MAX);
    expect(left.map(({ id }) => id).slice(0, 2)).toEqual([2, 6]);
  });

  test("served counts: by day", async () => {
    await using database = await openMemory();
    const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    for (const days of [SERVED_DAYS + 1, SERVED_DAYS]) {
      const day = dayOf(NOW - days * DAY_MS);
      database.db
        .insert(contentServed)
        .values({ key: day, sha256: "x", day, requests: 1, bytes: 1 })
        .run();
    }
    expect([...(await prune(database, TIMES))]).toEqual([["content_served", 1]]);
    expect(database.db.select().from(contentServed).all()).toMatchObject([
      { day: dayOf(NOW - SERVED_DAYS * DAY_MS) },
    ]);
  });

  test("inbox: by age, but never a frame that may come again", async () => {
    await using database = await openMemory();
    const [old, young] = around(INBOX_DAYS);
    putSite(database, { incarnation: 2, acknowledgedFrame: 100 });
    putFrames(database, 1, 1, 3, old); // Of an incarnation that is over.
    putFrames(database, 2, 1, 100, old);
    putFrames(database, 3, 1, 1, young);
    await prune(database, TIMES);
    const left = database.db.select().from(inbox).all();
    expect(left.filter(({ incarnation }) => incarnation === 1)).toEqual([]);
    const repeatable = left.filter(({ incarnation }) => incarnation === 2);
    expect(repeatable).toHaveLength(INBOX_REPEATABLE_FRAMES);
    expect(repeatable.at(-1)).toMatchObject({ frameSeq: 100 });
    expect(left.at(-1)).toMatchObject({ incarnation: 3 });
  });

  test("inbox: by number for each site, the oldest first", async () => {
    await using database = await openMemory();
    putSite(database, { incarnation: 1, acknowledgedFrame: INBOX_FRAMES_PER_SITE_MAX + 7 });
    putFrames(database, 1, 1, INBOX_FRAMES_PER_SITE_MAX + 7, NOW);
    expect([...(await prune(database, TIMES))]).toEqual([["inbox", 7]]);
    expect(database.db.select().from(inbox).all().at(0)).toMatchObject({ frameSeq: 8 });
  });

  test("quarantine: bytes and reason stay until their age", async () => {
    await using database = await openMemory();
    for (const receivedAtMs of around(QUARANTINE_DAYS)) {
      const frame = Buffer.from([1, 2, 3]);
      const row = { ...FRAME, id: String(receivedAtMs), site: SITE, incarnation: 1, frameSeq: 1 };
      database.db
        .insert(quarantine)
        .values({ ...row, reason: "no", frame, receivedAtMs })
        .run();
    }
    expect([...(await prune(database, TIMES))]).toEqual([["quarantine", 1]]);
    const [left] = database.db.select().from(quarantine).all();
    expect(left?.reason).toBe("no");
    expect([...(left?.frame ?? [])]).toEqual([1, 2, 3]);
  });

  test(`takes ${ROWS_PER_SWEEP} rows at a time, until all are gone; others write in between`, async () => {
    await using database = await openMemory();
    const entry = { by: "anna", action: "x", subject: "", details: "{}", address: "", atMs: 1 };
    await database.writer.submit((db) => {
      for (let index = 0; index < 3 * ROWS_PER_SWEEP + 1; index++)
        db.insert(auditLog).values(entry).run();
    });
    const pruning = prune(database, TIMES);
    const session = {
      idHash: "x",
      administrator: "a",
      csrfToken: "c",
      createdAtMs: 1,
      expiresAtMs: 2,
    };
    await database.writer.submit((db) => db.insert(adminSessions).values(session).run());
    expect(database.db.select().from(auditLog).all().length).toBeGreaterThan(0);
    expect([...(await pruning)]).toEqual([["audit_log", 3 * ROWS_PER_SWEEP + 1]]);
  });
});

const CREDENTIAL = {
  userName: "u",
  secretHash: "h",
  previousSecretHash: null,
  scheme: "any",
  nextNonce: null,
  failures: 0,
  blockedUntilMs: null,
};
const ITEM = {
  productId: "p",
  version: null,
  title: null,
  publisher: null,
  installDate: null,
  installDateRaw: null,
  seenAtMs: 1,
};
const NODE = {
  productId: "p",
  distribution: "d",
  attempt: 1,
  status: null,
  changedAtMs: 1,
  gone: false,
};
const INSTANT = { startMs: 1, endMs: NOW, instantMs: 1, evaluatedAtMs: null, closed: false };
const FRAME = { kind: "journal", bytes: 3, sha256: "x" };

function putSite(
  database: OutpostDatabase,
  at: { readonly incarnation: number; readonly acknowledgedFrame: number },
): void {
  const row = siteRowFrom({
    id: SITE,
    name: "Shop",
    timeZone: "Europe/Prague",
    publicKey: "k",
    sealingKey: "s",
    nextPublicKey: null,
    nextSealingKey: null,
    keysSinceMs: null,
    instance: "",
    formerInstances: [],
    needsSnapshot: false,
    joinedAtMs: 1,
    lastSeenMs: null,
    asOfMs: null,
    clockOffsetMs: null,
    confirmedPolicyVersion: 0,
    alarm: null,
    revokedAtMs: null,
    ...at,
  });
  database.db.insert(sites).values(row).run();
}

function putFrames(
  { connection, db }: OutpostDatabase,
  incarnation: number,
  first: number,
  last: number,
  receivedAtMs: number,
): void {
  connection.atomically(() => {
    for (let frameSeq = first; frameSeq <= last; frameSeq++) {
      db.insert(inbox)
        .values({ ...FRAME, site: SITE, incarnation, frameSeq, receivedAtMs })
        .run();
    }
  });
}
