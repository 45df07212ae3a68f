/** A site's tie to its hub, as `both` and `start()` may ask for it at the same time. */

import { describe, expect, test } from "bun:test";
import { hostname } from "node:os";
import type { SiteId } from "../../../devices/model/ids.ts";
import { SESSION_RECORDING_DEFAULT } from "../../../devices/model/recorded-session.ts";
import { WINDOWS_ENROLMENT_DEFAULT } from "../../../devices/model/windows-enrolment.ts";
import { CE_DEFAULT } from "../../../devices/service/ce/settings.ts";
import { HlcClock } from "../../../devices/service/clock.ts";
import { DDI_DEFAULT } from "../../../devices/service/ddi/ddi-settings.ts";
import { readConfig } from "../../../gateway/config/read.ts";
import type { OutpostDatabase } from "../../../gateway/db/database.ts";
import { SqlPolicyStore } from "../../../gateway/db/stores/policy-store.ts";
import { SqlSiteLinkStore } from "../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { ValueStore } from "../../../gateway/db/stores/value-store.ts";
import type { LocalSettings } from "../../../gateway/http/use-cases.ts";
import { SiteUplink } from "../../../gateway/roles/site-uplink.ts";
import { Keyring, keyFingerprint } from "../../../sync/link/keyring.ts";
import { PolicyBook } from "../../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../../sync/policy/policy-holder.ts";
import type { SiteRecord } from "../../../sync/ports/hub-store.ts";
import type { PolicyChange } from "../../../sync/ports/policy-author.ts";
import type { SiteKeyring } from "../../../sync/ports/site-link-store.ts";
import { deviceNamed, factOf } from "../../contracts/site-rows.ts";
import { settled } from "../../harness/settled.ts";
import { openMemory, silentLog } from "../db/temporary.ts";
import { LinkHarness } from "../http/link/link-harness.ts";

const PROVISIONAL = "alone-1" as SiteId;

describe("joining", () => {
  test("one attempt at a time: whoever asks meanwhile waits for the same one", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    const code = await hub.codeFor("prague");
    const first = site.uplink.joinAt(hub.url, code);
    const second = site.uplink.joinAt(hub.url, code);
    site.uplink.start();
    await hub.joinHasArrived;
    hub.letAnswer();
    await Promise.all([first, second]);
    expect(hub.joins).toBe(1);
    expect(site.uplink.identity?.site).toBe("prague" as SiteId);
    // One book for the site's new name: the link, the pages and the plans read the same.
    expect(site.opened).toEqual([PROVISIONAL, "prague" as SiteId]);
  });

  test("a site that nobody named takes the name of its code, another keeps its own", async () => {
    await using hub = await LocalHub.open();
    hub.letAnswer();
    for (const [siteName, joined] of [
      [hostname(), "Graz, Main Square"],
      ["Our branch", "Our branch"],
    ] as const) {
      await using site = await LoneSite.open(siteName);
      await site.uplink.joinAt(hub.url, await hub.codeFor("graz", "Graz, Main Square"));
      expect([site.settings.siteName, site.uplink.identity?.name]).toEqual([joined, joined]);
    }
  });

  test("the hub hears of a name and a time zone that are changed after the join", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    hub.letAnswer();
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    site.uplink.start();
    site.settings = { ...site.settings, siteName: "Lisbon, Harbour", timeZone: "Europe/Lisbon" };
    const told = await settled("the hub has the new name", 10_000, async () => {
      const record = await hub.site("prague");
      return record?.name === "Lisbon, Harbour" ? record : undefined;
    });
    expect(told.timeZone).toBe("Europe/Lisbon");
  });

  test("an attempt that failed makes room for the next one", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    hub.letAnswer();
    hub.isAway = true;
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    expect(site.uplink.identity).toBeUndefined();
    expect(await site.uplink.view()).toMatchObject({ joined: false, phase: "joining" });
    hub.isAway = false;
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    expect(hub.joins).toBe(2);
    expect(site.uplink.identity?.site).toBe("prague" as SiteId);
  });

  test("facts are forgotten without a hub, not while one is to hear of them, then as it says", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    await site.record(3);
    expect(await site.uplink.forgettableFacts()).toEqual([{ incarnation: 1, seq: 3 }]);
    hub.isAway = true;
    hub.letAnswer();
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    expect(await site.uplink.forgettableFacts()).toEqual([]);
    hub.isAway = false;
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    expect(site.uplink.identity?.site).toBe("prague" as SiteId);
    expect(await site.uplink.forgettableFacts()).toEqual([]);
    site.uplink.start();
    const taken = await settled("the hub has the facts", 10_000, async () => {
      const [position] = await site.uplink.forgettableFacts();
      return position;
    });
    expect(taken).toEqual({ incarnation: 1, seq: 3 });
  });

  test("keys are not changed while the site is about to join, but before and after", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    const first = site.uplink.keyring.ring.current.signingPublic;
    expect(await site.uplink.rotateKeys()).toBe("done");
    const second = site.uplink.keyring.ring.current.signingPublic;
    expect(second).not.toBe(first);
    expect(site.uplink.keyring.ring.formerSealing).toEqual([]);
    const joining = site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    await hub.joinHasArrived;
    await expect(site.uplink.rotateKeys()).rejects.toMatchObject({ code: "conflict" });
    hub.letAnswer();
    await joining;
    expect(await site.uplink.rotateKeys()).toBe("waits");
    expect(site.uplink.keyring.ring.current.signingPublic).toBe(second);
    site.uplink.start();
    const changed = await settled(
      "the hub knows the new keys",
      10_000,
      async () => site.changed[0],
    );
    expect(changed).toBe(keyFingerprint(site.uplink.keyring.ring.current.signingPublic));
    expect(site.uplink.keyring.ring.current.signingPublic).not.toBe(second);
  });

  test("[1.13] a site whose keys are worth nothing any more joins again with the code it is given", async () => {
    await using hub = await LocalHub.open();
    hub.letAnswer();
    await using site = await LoneSite.open();
    await site.record(2);
    await site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    const restored = site.uplink.keyring.ring;
    await site.uplink.rotateKeys();
    site.uplink.start();
    // Known is not enough: until the site has said hello with them, the hub takes the former ones as well.
    await settled("the hub has the new keys only", 10_000, async () => {
      const { signingPublic } = site.uplink.keyring.ring.current;
      const isNew = signingPublic !== restored.current.signingPublic;
      return (isNew && (await hub.keyOf("prague")) === signingPublic) || undefined;
    });
    await site.uplink[Symbol.asyncDispose]();

    // A backup from before comes back; the box is started with a new code.
    await site.putBack(restored);
    await site.restart({ "hub-url": hub.url, "join-code-file": await hub.codeFor("prague") });
    site.uplink.start();
    const view = await settled("the link is live again", 20_000, async () => {
      const now = await site.uplink.view();
      return now.phase === "live" && now.pendingFacts === 0 ? now : undefined;
    });
    expect(view).toMatchObject({ joined: true, site: "prague" });
    expect(view.incarnation).toBeGreaterThan(1);
    expect(site.uplink.keyring.ring.current).toEqual(restored.current);
    expect(hub.joins).toBe(2);
  }, 30_000);

  test("what is decided at any time while it joins is in the book of its new name", async () => {
    await using hub = await LocalHub.open();
    await using site = await LoneSite.open();
    const opening = Promise.withResolvers<void>();
    site.opening = opening.promise;
    const joining = site.uplink.joinAt(hub.url, await hub.codeFor("prague"));
    await hub.joinHasArrived;
    await site.uplink.write([groupNamed("Before")], "anna");
    hub.letAnswer();
    await site.isOpening;
    const written = site.uplink.write([groupNamed("Between")], "anna");
    opening.resolve();
    await Promise.all([joining, written]);
    await site.uplink.write([groupNamed("Later")], "anna"); // Shows what the new book holds.
    const groups = [...site.holder.read().groups.keys()].map(String).sort();
    expect(groups).toEqual(["Before", "Between", "Later"]);
  });
});

function groupNamed(name: string): PolicyChange {
  const members = { kind: "filter", filter: "cpu:x86" };
  return { kind: "group", id: name, body: { name, description: "", members } };
}

/** A hub on a port of this machine, whose answers to a join wait until the test lets them go. */
class LocalHub implements AsyncDisposable {
  joins = 0;
  isAway = false;
  readonly #harness: LinkHarness;
  readonly #server: ReturnType<typeof Bun.serve>;
  readonly #arrived = Promise.withResolvers<void>();
  readonly #gate = Promise.withResolvers<void>();

  private constructor(harness: LinkHarness) {
    this.#harness = harness;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        if (new URL(request.url).pathname.endsWith("/join")) {
          this.joins += 1;
          this.#arrived.resolve();
          await this.#gate.promise;
        }
        return this.isAway ? new Response("", { status: 503 }) : harness.app.fetch(request);
      },
    });
  }

  static async open(): Promise<LocalHub> {
    return new LocalHub(await LinkHarness.open());
  }

  get url(): string {
    return this.#server.url.href;
  }

  get joinHasArrived(): Promise<void> {
    return this.#arrived.promise;
  }

  letAnswer(): void {
    this.#gate.resolve();
  }

  async site(id: string): Promise<SiteRecord | undefined> {
    return this.#harness.hubStore.site(id as SiteId);
  }

  /** The key that a site's requests are signed with, as the hub has it. */
  async keyOf(site: string): Promise<string | undefined> {
    return (await this.site(site))?.publicKey;
  }

  async codeFor(site: string, name = site): Promise<string> {
    const wanted = { site: site as SiteId, name, by: "admin", validMs: 60_000 };
    return (await this.#harness.hub.makeJoinCode(wanted)).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    await this.#harness[Symbol.asyncDispose]();
  }
}

/** A site that has no hub yet, over a database in memory. */
class LoneSite implements AsyncDisposable {
  readonly opened: SiteId[] = [];
  /** Fingerprints of keys that the hub has come to know. */
  readonly changed: string[] = [];
  readonly holder = new PolicyHolder();
  uplink!: SiteUplink;
  settings: LocalSettings = {
    siteName: "Prague",
    timeZone: "Europe/Prague",
    factRetentionDays: 30,
    contentOrigins: [],
    tokenAliases: {},
    omaDm: { requiredProof: "any", serverId: "outpost" },
    mender: { autoAccept: false },
    agents: { plugAndPlay: false },
    ddi: DDI_DEFAULT,
    windowsEnrolment: WINDOWS_ENROLMENT_DEFAULT,
    windowsCe: CE_DEFAULT,
    sessions: SESSION_RECORDING_DEFAULT,
  };
  /** What the book of the new name waits for. */
  opening: Promise<void> = Promise.resolve();
  readonly #isOpening = Promise.withResolvers<void>();
  readonly #database: OutpostDatabase;

  private constructor(database: OutpostDatabase) {
    this.#database = database;
  }

  static async open(siteName = "Prague"): Promise<LoneSite> {
    const site = new LoneSite(await openMemory());
    site.settings = { ...site.settings, siteName };
    await site.restart({});
    return site;
  }

  /** Keys as they were in a backup. */
  async putBack(ring: SiteKeyring): Promise<void> {
    await new ValueStore(this.#database).put("identity/keys", JSON.stringify(ring));
  }

  /** A new process over the same database. */
  async restart(flags: Readonly<Record<string, string>>): Promise<void> {
    const linkStore = new SqlSiteLinkStore(this.#database, PROVISIONAL);
    const keyring = await Keyring.open(linkStore);
    const now = Date.now;
    const hlc = new HlcClock(now, undefined);
    const { config } = readConfig("site", {
      file: undefined,
      env: {},
      flags,
      machine: { hostname: "box", timeZone: "Europe/Prague" },
      readSecretFile: (path) => path, // The test names the secret itself.
    });
    this.uplink = await SiteUplink.open({
      config,
      linkStore,
      keyring,
      openBook: async (name) => {
        this.opened.push(name);
        if (name !== PROVISIONAL) {
          this.#isOpening.resolve();
          await this.opening;
        }
        return PolicyBook.open(
          {
            owner: { role: "site", site: name, keys: () => keyring.sealing },
            store: new SqlPolicyStore(this.#database),
            holder: this.holder,
            nextHlc: () => hlc.next(),
            now,
            log: silentLog,
          },
          { site: PROVISIONAL, devices: () => new Map() },
        );
      },
      provisional: PROVISIONAL,
      settings: {
        read: () => this.settings,
        write: async (change) => {
          this.settings = { ...this.settings, ...change };
        },
      },
      siteNow: now,
      onKeysChanged: async (fingerprint) => {
        this.changed.push(fingerprint);
      },
      log: silentLog,
    });
  }

  /** Some facts of a device, as its sessions leave them. */
  async record(count: number): Promise<void> {
    const facts = Array.from({ length: count }, (_, index) => factOf("till", String(index)));
    const device = deviceNamed("till");
    const store = new SqlSiteStore(this.#database, PROVISIONAL);
    await store.commit([{ device: device.id, put: device, facts }]);
  }

  get isOpening(): Promise<void> {
    return this.#isOpening.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.uplink[Symbol.asyncDispose]();
    await this.#database.close();
  }
}
