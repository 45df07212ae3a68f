import { describe, expect, test } from "bun:test";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { AppError } from "../../../devices/model/errors.ts";
import type { DeviceId, DistributionId, SiteId } from "../../../devices/model/ids.ts";
import { loadDocument } from "../../../sync/documents/stored.ts";
import { ORG_DOCUMENT, readPolicy, writePolicy } from "../../../sync/policy/policy-document.ts";
import {
  bodies,
  DISTRIBUTION,
  down,
  formerNames,
  hubDesk,
  PACKAGE,
  PRAGUE_KEYS,
  ROLL_OUT,
  siteDesk,
  up,
  WINDOW,
} from "./books.ts";

describe("writing policy", () => {
  test("[7.1] edits of different fields of one record by two people both survive", () => {
    const first = new Doc();
    writePolicy(first, [{ map: "window", key: "nightly", fields: WINDOW }]);
    const second = new Doc();
    applyUpdate(second, encodeStateAsUpdate(first));
    writePolicy(first, [{ map: "window", key: "nightly", fields: { durationMinutes: 30 } }]);
    writePolicy(second, [{ map: "window", key: "nightly", fields: { name: "Every night" } }]);
    applyUpdate(first, encodeStateAsUpdate(second));
    applyUpdate(second, encodeStateAsUpdate(first));
    for (const doc of [first, second]) {
      const { fields } = readPolicy(doc).records.get("window/nightly") ?? {};
      expect(fields).toMatchObject({ durationMinutes: 30, name: "Every night", enabled: true });
    }
  });

  test("[7.1] what an author does not say is filled in: time, stamp, author, origin", async () => {
    const hub = await hubDesk();
    await hub.book.write(ROLL_OUT, "hana");
    const policy = hub.holder.read();
    expect(policy.distributionsById.get("pos-all" as DistributionId)).toMatchObject({
      author: "hana",
      origin: "hub",
      createdAtMs: hub.clock.nowMs,
      stoppedAtMs: null,
      sites: [],
      allowDowngrade: false,
    });
    expect(policy.distributions[0]?.hlc).toMatch(/^[0-9a-f]{16}$/);
  });

  test("[7.2] a record that is not valid refuses the whole change, naming every field", async () => {
    const hub = await hubDesk();
    const bad = { ...WINDOW, durationMinutes: 0, start: "tonight" };
    const change = [
      { kind: "package", id: "pos", body: PACKAGE },
      { kind: "window", id: "nightly", body: bad },
    ] as const;
    const refusal = hub.book.write(change, "hana");
    await expect(refusal).rejects.toBeInstanceOf(AppError);
    await expect(refusal).rejects.toMatchObject({
      code: "unprocessable",
      fields: [{ pointer: "/start" }, { pointer: "/durationMinutes" }],
    });
    expect(hub.disk.records.size).toBe(0);
    expect(hub.disk.documents.size).toBe(0);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a revision that does not exist", { ...DISTRIBUTION, revision: "pos-9" }, "/revision"],
    ["a package that does not exist", { ...DISTRIBUTION, package: "none" }, "/package"],
    ["an id that is not its own", { ...DISTRIBUTION, id: "other" }, "/id"],
    ["a field that nobody knows", { ...DISTRIBUTION, colour: "red" }, "/"],
  ])("[7.2] a distribution with %s is refused", async (_, body, pointer) => {
    const hub = await hubDesk();
    await hub.book.write(ROLL_OUT.slice(0, 2), "hana");
    const id = "pos-all";
    await expect(
      hub.book.write([{ kind: "distribution", id, body }], "hana"),
    ).rejects.toMatchObject({
      code: "unprocessable",
      fields: [{ pointer }],
    });
  });

  test("[7.2] a change of one field is checked with the rest of the record", async () => {
    const hub = await hubDesk();
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    const patch = { durationMinutes: 45 };
    await hub.book.write([{ kind: "window", id: "nightly", body: patch }], "hana");
    expect(hub.holder.read().windows).toMatchObject([{ durationMinutes: 45, name: "Nightly" }]);
    const wrong = { durationMinutes: -1 };
    await expect(
      hub.book.write([{ kind: "window", id: "nightly", body: wrong }], "hana"),
    ).rejects.toMatchObject({ fields: [{ pointer: "/durationMinutes" }] });
  });

  test("a deleted record is gone from documents, records and readers", async () => {
    const hub = await hubDesk();
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    await hub.book.write([{ kind: "window", id: "nightly", body: null }], "hana");
    expect(hub.holder.read().windows).toEqual([]);
    expect(hub.disk.records.size).toBe(0);
    await expect(
      hub.book.write([{ kind: "window", id: "nightly", body: null }], "hana"),
    ).rejects.toMatchObject({ code: "not-found" });
  });

  test("readers hear of a change after it is on disk, and their version rises", async () => {
    const hub = await hubDesk();
    const seen: number[] = [];
    const end = hub.holder.onChange((policy) => {
      expect(hub.disk.records.size).toBe(policy.windows.length);
      seen.push(policy.version);
    });
    await hub.book.write([{ kind: "window", id: "a", body: { ...WINDOW, id: "a" } }], "hana");
    await hub.book.write([{ kind: "window", id: "b", body: { ...WINDOW, id: "b" } }], "hana");
    end();
    await hub.book.write([{ kind: "window", id: "c", body: { ...WINDOW, id: "c" } }], "hana");
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBeGreaterThan(seen[0] ?? 0);
  });

  test("a change whose commit failed did not happen, and the next one works", async () => {
    const hub = await hubDesk();
    const { commit } = hub.store;
    hub.store.commit = async () => {
      throw new Error("disk full");
    };
    const change = [{ kind: "window", id: "nightly", body: WINDOW }] as const;
    await expect(hub.book.write(change, "hana")).rejects.toThrow("disk full");
    expect(hub.holder.read().windows).toEqual([]);
    hub.store.commit = commit.bind(hub.store);
    await hub.book.write(
      [{ kind: "window", id: "other", body: { ...WINDOW, id: "other" } }],
      "hana",
    );
    expect(Object.keys(bodies(hub))).toEqual(["window/other"]);
    const again = await hubDesk(() => [], hub.disk);
    expect(again.holder.read().windows.map(({ id }) => String(id))).toEqual(["other"]);
  });

  test("a hundred small changes leave one client id in the document", async () => {
    const hub = await hubDesk();
    for (let round = 0; round < 100; round += 1) {
      const body = { ...WINDOW, durationMinutes: 1 + round };
      await hub.book.write([{ kind: "window", id: "nightly", body }], "hana");
    }
    expect(hub.book.stateVector(ORG_DOCUMENT).length).toBeLessThan(12);
    const stored = hub.disk.documents.get(ORG_DOCUMENT);
    if (!stored) throw new Error("no document");
    expect(readPolicy(loadDocument(stored)).version).toBe(100);
  });
});

describe("policy from the other side", () => {
  test("[7.3] a record that is not valid is quarantined, its last good version stays", async () => {
    const [hub, site] = [await hubDesk(), await siteDesk()];
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    await down(hub, site);
    const bad = new Doc();
    applyUpdate(bad, hub.book.updateFor(ORG_DOCUMENT, new Uint8Array([0])).update);
    writePolicy(bad, [
      { map: "window", key: "nightly", fields: { durationMinutes: "long" } },
      { map: "window", key: "weekly", fields: { id: "weekly" } },
      {
        map: "group",
        key: "Front",
        fields: { name: "Front", description: "", members: { kind: "list", devices: [] } },
      },
    ]);
    await site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(bad), false);
    expect(site.holder.read().windows).toMatchObject([{ durationMinutes: 120 }]);
    expect(site.holder.read().groups.size).toBe(1);
    expect(site.disk.records.get("window/nightly")?.quarantine).toContain("/durationMinutes");
    expect(site.book.problems.map(({ id }) => id).sort()).toEqual(["nightly", "weekly"]);

    writePolicy(bad, [{ map: "window", key: "nightly", fields: { durationMinutes: 60 } }]);
    await site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(bad), false);
    expect(site.disk.records.get("window/nightly")?.quarantine).toBeNull();
    expect(site.holder.read().windows).toMatchObject([{ durationMinutes: 60 }]);
  });

  test.each([
    ["window", "nightly", { recurrence: "FREQ=DAILY;BYHOUR=25" }, "/recurrence"],
    ["window", "nightly", { timeZone: "Europe/Nowhere" }, "/timeZone"],
    ["window", "nightly", { start: "2026-02-30T22:00" }, "/start"],
    ["group", "Front", { members: { kind: "filter", filter: "platform:" } }, "/members/filter"],
    ["group", "Front", { members: { kind: "filter", filter: "group:Back" } }, "/members/filter"],
  ] as const)(
    "[7.3] a %s that a device could not be planned with is quarantined: %#",
    async (kind, id, fields, pointer) => {
      const [hub, site] = [await hubDesk(), await siteDesk()];
      const group = { name: "Front", description: "", members: { kind: "list", devices: [] } };
      await hub.book.write(
        [
          { kind: "window", id: "nightly", body: WINDOW },
          { kind: "group", id: "Front", body: group },
        ],
        "hana",
      );
      await down(hub, site);
      const bad = new Doc();
      applyUpdate(bad, hub.book.updateFor(ORG_DOCUMENT, new Uint8Array([0])).update);
      writePolicy(bad, [{ map: kind, key: id, fields }]);
      await site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(bad), false);
      expect(site.disk.records.get(`${kind}/${id}`)?.quarantine).toContain(pointer);
      expect(site.holder.read().windows).toMatchObject([WINDOW]);
      expect([...site.holder.read().groups.values()]).toMatchObject([group]);
    },
  );

  test("[7.3] bytes that are no update, or lack one before them, change nothing", async () => {
    const [hub, site] = [await hubDesk(), await siteDesk()];
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    const vector = hub.book.stateVector(ORG_DOCUMENT);
    await hub.book.write([{ kind: "window", id: "nightly", body: { name: "N" } }], "hana");
    const second = hub.book.updateFor(ORG_DOCUMENT, vector).update;
    await expect(site.book.receive(ORG_DOCUMENT, second, false)).rejects.toMatchObject({
      rule: "policy-gap",
    });
    const nonsense = new Uint8Array([7, 7, 7]);
    await expect(site.book.receive(ORG_DOCUMENT, nonsense, false)).rejects.toMatchObject({
      rule: "policy-decode",
    });
    expect(() => hub.book.updateFor(ORG_DOCUMENT, new Uint8Array([255]))).toThrow("state vector");
    expect(site.disk.records.size).toBe(0);
    await down(hub, site);
    expect(site.holder.read().windows).toMatchObject([{ name: "N" }]);
  });

  test("the hub has the records of all its sites; of one name its own, then the first site's", async () => {
    const hub = await hubDesk();
    const [prague, brno] = [await siteDesk("prague"), await siteDesk("brno")];
    for (const [desk, name] of [
      [prague, "Praha"],
      [brno, "Brno"],
    ] as const) {
      const body = { ...WINDOW, name };
      await desk.book.write([{ kind: "window", id: "nightly", body }], "admin");
    }
    await up(prague, hub, "prague");
    await up(brno, hub, "brno");
    expect(hub.holder.read().windows).toMatchObject([{ name: "Brno" }]);
    expect(hub.book.problems).toMatchObject([
      { origin: "policy/site/prague", reason: "policy/site/brno has a record of this name" },
    ]);
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    expect(hub.holder.read().windows).toMatchObject([{ name: "Nightly" }]);
  });

  test("[7.8] what a site decided before it joined is its own afterwards, to be changed and deleted", async () => {
    const alone = await siteDesk("alone");
    const groups = ["tills", "kiosks"].map((id) => ({
      kind: "group" as const,
      id,
      body: { name: id, description: "", members: { kind: "list", devices: [] } },
    }));
    await alone.book.write([{ kind: "window", id: "nightly", body: WINDOW }, ...groups], "anna");
    const joined = await siteDesk("prague", PRAGUE_KEYS, alone.disk, formerNames("alone"));
    expect(bodies(joined)).toEqual(bodies(alone));
    await joined.book.write([{ kind: "window", id: "nightly", body: { name: "Now" } }], "anna");
    await joined.book.write([{ kind: "group", id: "tills", body: null }], "anna");

    const again = await siteDesk("prague", PRAGUE_KEYS, joined.disk, formerNames("alone"));
    const hub = await hubDesk();
    await up(again, hub);
    for (const { holder } of [joined, again, hub]) {
      expect(holder.read().windows).toMatchObject([{ name: "Now" }]);
      expect([...holder.read().groups.keys()].map(String)).toEqual(["kiosks"]);
    }
  });

  test("[7.8] what a site decided before it joined speaks of the site and its devices by their new names", async () => {
    const [then, other, now] = ["a", "b", "c"].map((digit) => digit.repeat(32) as DeviceId);
    if (!then || !other || !now) throw new Error("no ids");
    const alone = await siteDesk("alone");
    const target = (id: string, value: unknown) =>
      ({ kind: "distribution", id, body: { ...DISTRIBUTION, id, target: value } }) as const;
    const group = (id: string, members: unknown) =>
      ({ kind: "group", id, body: { name: id, description: "", members } }) as const;
    const scope = { kind: "site", site: "alone" };
    await alone.book.write(
      [
        ...ROLL_OUT,
        target("one", { kind: "device", device: then }),
        target("some", { kind: "devices", devices: [other, then] }),
        {
          kind: "distribution",
          id: "here",
          body: { ...DISTRIBUTION, id: "here", sites: ["alone", "vienna"] },
        },
        { kind: "window", id: "nightly", body: { ...WINDOW, scope } },
        group("listed", { kind: "list", devices: ["till 1", then.toUpperCase(), other] }),
        group("ours", { kind: "filter", filter: `site:alone,vienna  -id:${then}` }),
        group("others", { kind: "filter", filter: "ownership:corporate   shared:true" }),
      ],
      "anna",
    );
    const names = formerNames("alone", { [then]: now });
    const joined = await siteDesk("prague", PRAGUE_KEYS, alone.disk, names);
    const hub = await hubDesk();
    await up(joined, hub);
    for (const { holder } of [joined, hub]) {
      const { distributionsById, windows, groups } = holder.read();
      const by = (id: string) => distributionsById.get(id as DistributionId);
      expect(by("one")?.target).toEqual({ kind: "device", device: now });
      expect(by("some")?.target).toEqual({ kind: "devices", devices: [other, now] });
      expect(by("here")?.sites.map(String)).toEqual(["prague", "vienna"]);
      expect(windows.map((window) => window.scope)).toEqual([
        { kind: "site", site: "prague" as SiteId },
      ]);
      expect([...groups.values()].map(({ members }) => members)).toEqual([
        { kind: "list", devices: ["till 1", now, other] },
        { kind: "filter", filter: `site:prague,vienna -id:${now}` },
        { kind: "filter", filter: "ownership:corporate   shared:true" },
      ]);
    }
    // Once only: a record of today that has the site's old name means what it says.
    const again = await siteDesk("prague", PRAGUE_KEYS, joined.disk, names);
    expect(bodies(again)).toEqual(bodies(joined));
  });

  test("[4.7] a policy document that does not load stops the start, and nothing is opened empty", async () => {
    const hub = await hubDesk();
    await hub.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "hana");
    const stored = hub.disk.documents.get(ORG_DOCUMENT);
    if (!stored) throw new Error("no document");
    const [update = new Uint8Array()] = stored.tail;
    hub.disk.documents.set(ORG_DOCUMENT, { ...stored, tail: [update.subarray(0, 30)] });
    await expect(hubDesk(() => [], hub.disk)).rejects.toThrow("does not load");
  });
});
