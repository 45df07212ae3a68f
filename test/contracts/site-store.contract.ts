import { describe, expect, test } from "bun:test";
import { AppError } from "../../devices/model/errors.ts";
import type { Fact, NewFact } from "../../devices/model/fact.ts";
import type { DistributionId } from "../../devices/model/ids.ts";
import type { DeviceCertificates } from "../../devices/ports/certificates.ts";
import type { Knock, SiteStore } from "../../devices/ports/site-store.ts";
import { KNOCKS_MAX } from "../../devices/ports/site-store.ts";
import type { WindowsEnrolments } from "../../devices/ports/windows-enrolments.ts";
import {
  certificateOf,
  credentialOf,
  deviceNamed,
  downloadNodeOf,
  factOf,
  idOf,
  instantOf,
  inventoryItemOf,
  rowOf,
  SITE,
  sessionOf,
  treeOf,
} from "./site-rows.ts";

/** An empty store of the site `SITE`, and windows into what the port itself does not show. */
export interface OpenedSiteStore {
  readonly store: SiteStore;
  /** All facts, in order of number. */
  facts(): Promise<readonly Fact[]>;
  knocks(): Promise<readonly Knock[]>;
  readonly certificates: DeviceCertificates;
  readonly enrolments: WindowsEnrolments;
  /** Adds an unused enrolment code with this hash. */
  addCode(codeHash: string, expiresAtMs: number): Promise<void>;
  codeUsedBy(codeHash: string): Promise<string | null>;
  close(): Promise<void>;
}

/** The time it is for the store under test. */
export const CONTRACT_NOW_MS = 1_795_000_000_000;

/** What every SiteStore must do. Each implementation has a three-line test that calls this. */
export function siteStoreContract(name: string, open: () => Promise<OpenedSiteStore>): void {
  const withStore = (title: string, body: (opened: OpenedSiteStore) => Promise<void>) =>
    test(title, async () => {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    });

  describe(`SiteStore contract: ${name}`, () => {
    withStore("knows nothing at first", async ({ store }) => {
      expect(await store.find(idOf("a"))).toBeUndefined();
      expect(await store.view(idOf("a"))).toBeUndefined();
      expect(await store.findByAlias("oma-dm", "a")).toBeUndefined();
      expect(await store.credential(idOf("a"))).toBeUndefined();
      expect(await store.session(idOf("a"))).toBeUndefined();
      expect(await store.deviceIds()).toEqual([]);
    });

    withStore("view() gives back every field that was committed", async ({ store }) => {
      const changes = {
        device: idOf("a"),
        put: deviceNamed("a"),
        installations: [
          rowOf("a", "d2", { managed: true, stale: true, lastError: 2147483647 }),
          rowOf("a", "d1", { managed: false, state: null, reason: null, actor: null }),
        ],
        inventory: [inventoryItemOf("a", "{B}"), inventoryItemOf("a", "{A}")],
        inventoryReads: [
          {
            device: idOf("a"),
            provider: "EnterpriseModernAppManagement",
            context: "user",
            atMs: 6,
          },
          { device: idOf("a"), provider: "EnterpriseAppManagement", context: "device", atMs: 5 },
        ] as const,
        downloads: [downloadNodeOf("a", { status: 7, gone: true })],
        instants: [instantOf("a", 2000), instantOf("a", 1000)],
      };
      await store.commit([changes]);
      expect(await store.view(idOf("a"))).toEqual({
        device: changes.put,
        installations: changes.installations.toReversed(),
        inventory: changes.inventory.toReversed(),
        inventoryReads: changes.inventoryReads.toReversed(),
        downloads: changes.downloads,
        instants: changes.instants.toReversed(),
      });
    });

    withStore("view() shows one device and no closed instants", async ({ store }) => {
      await store.commit([
        {
          device: idOf("a"),
          put: deviceNamed("a"),
          instants: [instantOf("a", 1), instantOf("a", 2)],
        },
        { device: idOf("b"), put: deviceNamed("b"), installations: [rowOf("b", "d1")] },
      ]);
      await store.commit([{ device: idOf("a"), instants: [instantOf("a", 1, { closed: true })] }]);
      const view = await store.view(idOf("a"));
      expect(view?.instants).toEqual([instantOf("a", 2)]);
      expect(view?.installations).toEqual([]);
    });

    withStore("a field that is missing from the changes is left alone", async ({ store }) => {
      await store.commit([
        {
          device: idOf("a"),
          put: deviceNamed("a"),
          inventory: [inventoryItemOf("a", "{A}")],
          session: sessionOf("a"),
          credential: credentialOf("a"),
        },
      ]);
      await store.commit([{ device: idOf("a"), installations: [rowOf("a", "d1")] }]);
      expect((await store.view(idOf("a")))?.inventory).toHaveLength(1);
      expect(await store.session(idOf("a"))).toEqual(sessionOf("a"));
      expect(await store.credential(idOf("a"))).toEqual(credentialOf("a"));
    });

    withStore("a certificate stands for one device at a time", async ({ store }) => {
      const certificateSubject = "CN=Device-42";
      const put = (name: string, subject: string | null, removedAtMs: number | null = null) =>
        store.commit([
          {
            device: idOf(name),
            put: deviceNamed(name, { removedAtMs }),
            credential: credentialOf(name, { certificateSubject: subject }),
          },
        ]);
      await put("a", certificateSubject);
      await put("a", certificateSubject);
      await put("b", null);
      await put("c", null);
      expect(put("b", certificateSubject)).rejects.toMatchObject({ code: "conflict" });
      expect((await store.credential(idOf("b")))?.certificateSubject).toBeNull();
      // A device that was removed gives it away.
      await put("a", certificateSubject, 5);
      await put("b", certificateSubject);
      expect((await store.credential(idOf("b")))?.certificateSubject).toBe(certificateSubject);
    });

    withStore("lists are upserts, the inventory is replaced whole", async ({ store }) => {
      const both = [inventoryItemOf("a", "{A}"), inventoryItemOf("a", "{B}")];
      await store.commit([{ device: idOf("a"), put: deviceNamed("a"), inventory: both }]);
      await store.commit([
        { device: idOf("a"), inventory: [inventoryItemOf("a", "{B}", { version: "2" })] },
      ]);
      await store.commit([{ device: idOf("a"), installations: [rowOf("a", "d1")] }]);
      await store.commit([
        { device: idOf("a"), installations: [rowOf("a", "d1", { status: "installed" })] },
      ]);
      const view = await store.view(idOf("a"));
      expect(view?.inventory).toEqual([inventoryItemOf("a", "{B}", { version: "2" })]);
      expect(view?.installations.map(({ status }) => status)).toEqual(["installed"]);
    });

    withStore("a tree is replaced whole, and null forgets it", async ({ store }) => {
      await store.commit([{ device: idOf("a"), put: deviceNamed("a"), tree: treeOf("a") }]);
      expect((await store.view(idOf("a")))?.tree).toEqual(treeOf("a"));
      await store.commit([{ device: idOf("a"), installations: [rowOf("a", "d1")] }]);
      await store.commit([{ device: idOf("a"), tree: treeOf("a", { leaving: "4000000001" }) }]);
      expect((await store.view(idOf("a")))?.tree?.leaving).toBe("4000000001");
      await store.commit([{ device: idOf("a"), tree: null }]);
      await store.commit([{ device: idOf("a"), tree: null }]);
      expect(await store.view(idOf("a"))).not.toHaveProperty("tree");
    });

    withStore("devicesWithOrders() lists trees in which an order waits", async ({ store }) => {
      const removal = { productId: "{A}", by: "upstream", atMs: 1 };
      const waiting = { removals: [{ ...removal, outcome: { kind: "waiting" as const } }] };
      const refused = { kind: "refused" as const, lastError: -1, text: "no" };
      expect(await store.devicesWithOrders()).toEqual([]);
      await store.commit([
        { device: idOf("b"), put: deviceNamed("b"), tree: treeOf("b", waiting) },
        { device: idOf("a"), put: deviceNamed("a"), tree: treeOf("a", waiting) },
        { device: idOf("c"), put: deviceNamed("c"), tree: treeOf("c") },
      ]);
      expect(await store.devicesWithOrders()).toEqual([idOf("a"), idOf("b")].toSorted());
      const settled = { removals: [{ ...removal, outcome: refused }] };
      await store.commit([{ device: idOf("a"), tree: treeOf("a", settled) }]);
      expect(await store.devicesWithOrders()).toEqual([idOf("b")]);
    });

    withStore("a session is replaced, and null ends it", async ({ store }) => {
      await store.commit([{ device: idOf("a"), session: sessionOf("a") }]);
      await store.commit([{ device: idOf("a"), session: sessionOf("a", { sessionId: "2" }) }]);
      expect((await store.session(idOf("a")))?.sessionId).toBe("2");
      await store.commit([{ device: idOf("a"), session: null }]);
      await store.commit([{ device: idOf("a"), session: null }]);
      expect(await store.session(idOf("a"))).toBeUndefined();
    });

    withStore("deviceIds() leaves removed devices out; find() does not", async ({ store }) => {
      for (const name of ["a", "b", "c"]) {
        await store.commit([{ device: idOf(name), put: deviceNamed(name) }]);
      }
      await store.commit([{ device: idOf("b"), put: deviceNamed("b", { removedAtMs: 5 }) }]);
      expect(await store.deviceIds()).toEqual([idOf("a"), idOf("c")].toSorted());
      expect((await store.find(idOf("b")))?.removedAtMs).toBe(5);
    });

    withStore("numbers facts densely from 1, in the order of the changes", async (opened) => {
      await opened.store.commit([
        { device: idOf("a"), facts: [factOf("a", "1"), factOf("a", "2")] },
        { device: idOf("b"), facts: [factOf("b", "3")] },
      ]);
      await opened.store.commit([{ device: idOf("a"), facts: [factOf("a", "4")] }]);
      expect(await opened.facts()).toEqual([
        numbered(factOf("a", "1"), 1),
        numbered(factOf("a", "2"), 2),
        numbered(factOf("b", "3"), 3),
        numbered(factOf("a", "4"), 4),
      ]);
    });

    withStore("keeps every field of a fact", async (opened) => {
      const empty = factOf("a", "", {
        kind: "device",
        distribution: null,
        lastError: null,
        text: null,
        version: null,
        operation: null,
        attempt: null,
        sequence: null,
        status: null,
        state: null,
        actor: null,
        effect: "none",
      });
      const full = factOf("a", "☃".repeat(3000), {
        lastError: -1,
        text: "Größe '; DROP TABLE facts; --",
        actor: "mdm",
        anomaly: true,
        state: "Installing",
      });
      await opened.store.commit([{ device: idOf("a"), facts: [empty, full] }]);
      expect(await opened.facts()).toEqual([numbered(empty, 1), numbered(full, 2)]);
    });

    withStore("what fails leaves nothing and no gap, and harms no neighbour", async (opened) => {
      await opened.store.commit([alias("a", "x")]);
      const commits = [
        opened.store.commit([{ device: idOf("a"), facts: [factOf("a", "1")] }]),
        opened.store.commit([
          { device: idOf("b"), put: deviceNamed("b"), facts: [factOf("b", "never")] },
          alias("b", "x"),
        ]),
        opened.store.commit([{ device: idOf("a"), facts: [factOf("a", "2")] }]),
      ];
      const outcomes = await Promise.allSettled(commits);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await opened.store.find(idOf("b"))).toBeUndefined();
      expect((await opened.facts()).map(({ seq, value }) => [seq, value])).toEqual([
        [1, "1"],
        [2, "2"],
      ]);
    });

    withStore("commits that arrive together are all kept", async (opened) => {
      const values = Array.from({ length: 200 }, (_, index) => String(index));
      await Promise.all(
        values.map((value) =>
          opened.store.commit([{ device: idOf("a"), facts: [factOf("a", value)] }]),
        ),
      );
      const facts = await opened.facts();
      expect(facts.map(({ value }) => value)).toEqual(values);
      expect(facts.map(({ seq }) => seq)).toEqual(values.map((value) => Number(value) + 1));
    });

    withStore("an alias finds its device and belongs to one at a time", async ({ store }) => {
      await store.commit([alias("a", "imei-1")]);
      await store.commit([alias("a", "imei-1")]);
      expect((await store.findByAlias("oma-dm", "imei-1"))?.id).toBe(idOf("a"));
      expect(await store.findByAlias("ddi", "imei-1")).toBeUndefined();
      await expect(store.commit([alias("b", "imei-1")])).rejects.toMatchObject({
        code: "conflict",
      });
      expect((await store.findByAlias("oma-dm", "imei-1"))?.id).toBe(idOf("a"));
    });

    withStore("a removed device gives its alias away", async ({ store }) => {
      await store.commit([alias("a", "imei-1")]);
      await store.commit([{ device: idOf("a"), put: deviceNamed("a", { removedAtMs: 1 }) }]);
      await store.commit([alias("b", "imei-1")]);
      expect((await store.findByAlias("oma-dm", "imei-1"))?.id).toBe(idOf("b"));
    });

    withStore("an enrolment code works once", async (opened) => {
      await opened.addCode("h1", CONTRACT_NOW_MS + 1);
      await opened.store.commit([enrol("a", "h1")]);
      expect(await opened.codeUsedBy("h1")).toBe(idOf("a"));
      const again = opened.store.commit([enrol("b", "h1")]);
      await expect(again).rejects.toBeInstanceOf(AppError);
      await expect(again).rejects.toMatchObject({ code: "conflict" });
      expect(await opened.store.find(idOf("b"))).toBeUndefined();
    });

    withStore("two devices with one enrolment code: one gets in", async (opened) => {
      await opened.addCode("h1", CONTRACT_NOW_MS + 1);
      const both = await Promise.allSettled([
        opened.store.commit([enrol("a", "h1")]),
        opened.store.commit([enrol("b", "h1")]),
      ]);
      expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      expect(await opened.store.deviceIds()).toEqual([idOf("a")]);
    });

    withStore("an expired or unknown enrolment code is refused", async (opened) => {
      await opened.addCode("h1", CONTRACT_NOW_MS);
      for (const hash of ["h1", "h2"]) {
        const refused = opened.store.commit([enrol("a", hash)]);
        await expect(refused).rejects.toMatchObject({ code: "conflict" });
      }
    });

    withStore("certificates are kept whole, newest first", async ({ store, certificates }) => {
      const [old, fresh, other] = [
        certificateOf("a", "41", { issuedAtMs: 1 }),
        certificateOf("a", "42", { issuedAtMs: 2, store: "System", userName: "" }),
        certificateOf("b", "43", { issuedAtMs: 3 }),
      ];
      for (const one of [fresh, old, other]) {
        await store.commit([{ device: one.device, certificate: one }]);
      }
      expect(await certificates.find("42")).toEqual(fresh);
      expect(await certificates.find("44")).toBeUndefined();
      expect(await certificates.ofDevice(idOf("a"))).toEqual([fresh, old]);
      expect(await certificates.list()).toEqual([other, fresh, old]);
    });

    withStore("a serial number is given once", async ({ store, certificates }) => {
      const first = certificateOf("a", "41");
      await store.commit([{ device: first.device, certificate: first }]);
      const again = store.commit([
        { device: idOf("b"), put: deviceNamed("b"), certificate: certificateOf("b", "41") },
      ]);
      await expect(again).rejects.toThrow();
      expect(await certificates.find("41")).toEqual(first);
      expect(await store.find(idOf("b"))).toBeUndefined();
    });

    withStore(
      "revoking takes a device's certificates of before, once, and not the new one",
      async ({ store, certificates }) => {
        const device = idOf("a");
        await store.commit([
          { device, certificate: certificateOf("a", "41") },
          { device: idOf("b"), certificate: certificateOf("b", "42") },
        ]);
        await store.commit([
          { device, revoke: { atMs: 10 }, certificate: certificateOf("a", "43") },
        ]);
        const revoked = async () =>
          (await certificates.list()).map(({ serial, revokedAtMs }) => [serial, revokedAtMs]);
        expect(new Map((await revoked()) as [string, number | null][])).toEqual(
          new Map([
            ["41", 10],
            ["42", null],
            ["43", null],
          ]),
        );
        await store.commit([{ device, revoke: { atMs: 15, serial: "42" } }]);
        expect(await certificates.find("42")).toMatchObject({ revokedAtMs: null });
        await store.commit([{ device, revoke: { atMs: 20, serial: "43" } }]);
        expect(await certificates.find("41")).toMatchObject({ revokedAtMs: 10 });
        expect(await certificates.find("43")).toMatchObject({ revokedAtMs: 20 });
      },
    );

    withStore("a code enrols one device; its seed can be forgotten", async (opened) => {
      const { store, enrolments } = opened;
      const enrolment = {
        codeHash: "h1",
        device: idOf("a"),
        serial: "41",
        seed: "AAAA",
        enrolledAtMs: 100,
      };
      expect(await enrolments.find("h1")).toBeUndefined();
      await store.commit([{ device: idOf("a"), windowsEnrolment: enrolment }]);
      expect(await enrolments.find("h1")).toEqual(enrolment);
      const other = store.commit([
        { device: idOf("b"), windowsEnrolment: { ...enrolment, device: idOf("b") } },
      ]);
      await expect(other).rejects.toThrow();
      await enrolments.forgetSeeds(100);
      expect((await enrolments.find("h1"))?.seed).toBe("AAAA");
      await enrolments.forgetSeeds(101);
      await enrolments.forgetSeeds(101);
      expect(await enrolments.find("h1")).toEqual({ ...enrolment, seed: null });
    });

    withStore("knocking again counts up and keeps the first time", async ({ store, knocks }) => {
      await store.knock(knock("x", 10, "10.0.0.1"));
      await store.knock(knock("x", 20, "10.0.0.2"));
      expect(await knocks()).toEqual([
        {
          protocol: "oma-dm",
          externalId: "x",
          address: "10.0.0.2",
          details: "{}",
          firstAtMs: 10,
          lastAtMs: 20,
          count: 2,
        },
      ]);
    });

    withStore("keeps KNOCKS_MAX knocks, the oldest goes", async ({ store, knocks }) => {
      const all = Array.from({ length: KNOCKS_MAX + 1 }, (_, index) => index);
      await Promise.all(all.map((index) => store.knock(knock(`k${index}`, 100 + index))));
      const kept = (await knocks()).map(({ externalId }) => externalId);
      expect(kept).toHaveLength(KNOCKS_MAX);
      expect(kept).not.toContain("k0");
      expect(kept).toContain("k1");
    });

    withStore(
      "a token is of one device, and the former one works until it is replaced",
      async (opened) => {
        const { store } = opened;
        await store.commit([{ device: idOf("a"), put: deviceNamed("a"), token: token("a", "d1") }]);
        await store.commit([{ device: idOf("a"), token: token("a", "d2", "d1") }]);
        expect(await store.findToken("ddi", "d1")).toEqual(token("a", "d2", "d1"));
        expect(await store.findToken("ddi", "d2")).toEqual(token("a", "d2", "d1"));
        expect(await store.findToken("agent", "d2")).toBeUndefined();
        const taken = store.commit([
          { device: idOf("b"), put: deviceNamed("b"), token: token("b", "d2") },
        ]);
        await expect(taken).rejects.toMatchObject({ code: "conflict" });
        expect(await store.tokens(idOf("b"))).toEqual([]);

        await store.commit([{ device: idOf("a"), put: deviceNamed("a", { removedAtMs: 5 }) }]);
        await store.commit([{ device: idOf("b"), put: deviceNamed("b"), token: token("b", "d2") }]);
        expect(await store.tokens(idOf("a"))).toEqual([]);
        expect(await store.tokens(idOf("b"))).toEqual([token("b", "d2")]);
      },
    );

    withStore("attributes are replaced as a whole", async ({ store }) => {
      const device = idOf("a");
      const named = (name: string) => ({ name, value: "ü", atMs: 3 });
      await store.commit([{ device, attributes: [named("z"), named("a")] }]);
      expect(await store.attributes(device)).toEqual([named("a"), named("z")]);
      await store.commit([{ device, attributes: [named("b")] }]);
      expect(await store.attributes(device)).toEqual([named("b")]);
      expect(await store.attributes(idOf("b"))).toEqual([]);
    });

    withStore("a job keeps its number, and numbers are never given twice", async ({ store }) => {
      const job = (name: string, attempt: number, state: string) => ({
        device: idOf(name),
        distribution: "d1" as DistributionId,
        attempt,
        protocol: "ddi" as const,
        state,
        updatedAtMs: 7,
      });
      await store.commit([{ device: idOf("a"), jobs: [job("a", 1, "{}")] }]);
      await store.commit([
        { device: idOf("b"), jobs: [job("b", 1, "{}")] },
        { device: idOf("a"), jobs: [job("a", 1, '{"x":1}'), job("a", 2, "{}")] },
      ]);
      const jobs = await store.jobs(idOf("a"));
      expect(jobs).toMatchObject([job("a", 1, '{"x":1}'), job("a", 2, "{}")]);
      const ids = [...jobs, ...(await store.jobs(idOf("b")))].map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
      expect(Math.min(...ids)).toBeGreaterThan(0);
      await store.commit([{ device: idOf("a"), forgetJobs: true }]);
      expect(await store.jobs(idOf("a"))).toEqual([]);
      expect(await store.jobs(idOf("b"))).toHaveLength(1);
      await store.commit([{ device: idOf("a"), forgetJobs: true, jobs: [job("a", 1, "{}")] }]);
      const [anew, ...others] = await store.jobs(idOf("a"));
      expect(others).toEqual([]);
      expect(anew?.id).toBeGreaterThan(Math.max(...ids));
    });

    withStore("text that cannot be kept is refused and nothing is cut off", async (opened) => {
      for (const value of ["a\0b", "a\ud800b"]) {
        const refused = opened.store.commit([{ device: idOf("a"), facts: [factOf("a", value)] }]);
        await expect(refused).rejects.toMatchObject({ code: "unprocessable" });
      }
      expect(await opened.facts()).toEqual([]);
    });
  });
}

function numbered(fact: NewFact, seq: number): Fact {
  return { ...fact, site: SITE, siteIncarnation: 1, seq };
}

function alias(name: string, externalId: string) {
  return {
    device: idOf(name),
    put: deviceNamed(name),
    alias: { device: idOf(name), protocol: "oma-dm" as const, externalId },
  };
}

function enrol(name: string, consumeEnrolmentCode: string) {
  return { device: idOf(name), put: deviceNamed(name), consumeEnrolmentCode };
}

function token(name: string, digest: string, previousDigest: string | null = null) {
  return { device: idOf(name), protocol: "ddi" as const, digest, previousDigest, createdAtMs: 9 };
}

function knock(externalId: string, atMs: number, address = "10.0.0.1") {
  return { protocol: "oma-dm" as const, externalId, address, details: "{}", atMs };
}
