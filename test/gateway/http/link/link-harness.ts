/** A hub behind its HTTP routes and sites over real databases in memory, with time in the test's hands. */
import { Hono } from "hono";
import type { SiteId } from "../../../../devices/model/ids.ts";
import { HlcClock } from "../../../../devices/service/clock.ts";
import type { OutpostDatabase } from "../../../../gateway/db/database.ts";
import { SqlHubStore } from "../../../../gateway/db/stores/hub-store.ts";
import { SqlPolicyStore } from "../../../../gateway/db/stores/policy-store.ts";
import { SqlSiteLinkStore } from "../../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import type { AppEnv } from "../../../../gateway/http/environment.ts";
import { linkRoutes } from "../../../../gateway/http/link/link-routes.ts";
import { onError } from "../../../../gateway/http/on-error.ts";
import { newHubIdentity } from "../../../../sync/crypto/keys.ts";
import { HubLink } from "../../../../sync/hub/hub-link.ts";
import { httpTransport, LINK_PATH } from "../../../../sync/link/http-transport.ts";
import { joinHub } from "../../../../sync/link/join-hub.ts";
import { Keyring } from "../../../../sync/link/keyring.ts";
import { SiteLink } from "../../../../sync/link/site-link.ts";
import { PolicyBook } from "../../../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../../../sync/policy/policy-holder.ts";
import { openMemory, silentLog, TEST_NOW_MS } from "../../db/temporary.ts";

export const HUB_URL = "http://hub.test";

export class LinkHarness implements AsyncDisposable {
  nowMs = TEST_NOW_MS;
  readonly app = new Hono<AppEnv>();
  readonly hubDatabase: OutpostDatabase;
  readonly hubStore: SqlHubStore;
  hub!: HubLink;
  hubBook!: PolicyBook;
  readonly #databases: OutpostDatabase[];

  private constructor(hubDatabase: OutpostDatabase) {
    this.hubDatabase = hubDatabase;
    this.hubStore = new SqlHubStore(hubDatabase);
    this.#databases = [hubDatabase];
  }

  static async open(): Promise<LinkHarness> {
    const harness = new LinkHarness(await openMemory());
    const identity = newHubIdentity("org-1");
    await harness.hubStore.putIdentity(identity);
    const holder = new PolicyHolder();
    const now = () => harness.nowMs;
    const hlc = new HlcClock(now, undefined);
    harness.hubBook = await PolicyBook.open({
      owner: { role: "hub", recipients: async () => [] },
      store: new SqlPolicyStore(harness.hubDatabase),
      holder,
      nextHlc: () => hlc.next(),
      now,
      log: silentLog,
    });
    harness.hub = new HubLink({
      identity,
      store: harness.hubStore,
      book: harness.hubBook,
      policy: holder,
      now,
      realNow: now,
      randomBytes,
      log: silentLog,
      onKeysChanged: async () => undefined,
    });
    harness.app.onError(onError(silentLog));
    harness.app.route(LINK_PATH, linkRoutes(harness.hub));
    return harness;
  }

  readonly fetch = async (url: string, init: RequestInit) => this.app.request(url, init);

  /** @param alone what happens at the site before it joins */
  async site(name: string, alone?: (store: SqlSiteStore) => Promise<void>): Promise<SiteOverSql> {
    const database = await openMemory();
    this.#databases.push(database);
    const provisional = "alone" as SiteId;
    const linkStore = new SqlSiteLinkStore(database, provisional);
    const store = new SqlSiteStore(database, provisional);
    await alone?.(store);
    const { code } = await this.hub.makeJoinCode({
      site: name as SiteId,
      name,
      by: "admin",
      validMs: 60_000,
    });
    const transport = httpTransport(HUB_URL, this.fetch);
    await joinHub(
      {
        store: linkStore,
        keyring: await Keyring.open(linkStore),
        transport,
        now: () => this.nowMs,
        randomBytes,
      },
      { hubUrl: HUB_URL, code, name: null, timeZone: "Europe/Prague" },
    );
    const site = new SiteOverSql(
      this,
      database,
      linkStore,
      new SqlSiteStore(database, provisional),
    );
    await site.start();
    return site;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#databases) await database.close();
  }
}

export class SiteOverSql {
  readonly database: OutpostDatabase;
  readonly linkStore: SqlSiteLinkStore;
  readonly store: SqlSiteStore;
  readonly holder = new PolicyHolder();
  keyring!: Keyring;
  link!: SiteLink;
  book!: PolicyBook;
  readonly #harness: LinkHarness;

  constructor(
    harness: LinkHarness,
    database: OutpostDatabase,
    linkStore: SqlSiteLinkStore,
    store: SqlSiteStore,
  ) {
    this.#harness = harness;
    this.database = database;
    this.linkStore = linkStore;
    this.store = store;
  }

  /** A new process over the same database. */
  async start(): Promise<void> {
    const identity = await this.linkStore.identity();
    if (!identity) throw new Error("not joined");
    this.keyring = await Keyring.open(this.linkStore);
    const now = () => this.#harness.nowMs;
    const hlc = new HlcClock(now, undefined);
    this.book = await PolicyBook.open({
      owner: { role: "site", site: identity.site, keys: () => this.keyring.sealing },
      store: new SqlPolicyStore(this.database),
      holder: this.holder,
      nextHlc: () => hlc.next(),
      now,
      log: silentLog,
    });
    this.link = new SiteLink({
      store: this.linkStore,
      book: this.book,
      keyring: this.keyring,
      identity,
      transport: httpTransport(HUB_URL, this.#harness.fetch),
      now,
      siteNow: now,
      about: () => ({ name: undefined, timeZone: "Europe/Prague" }),
      box: "box",
      random: () => 0.5,
      randomBytes,
      log: silentLog,
      flushMs: 1000,
      pollMs: 5000,
    });
  }

  /** Steps until nothing is left to send; every step takes as long as it says. */
  async settle(): Promise<void> {
    for (let step = 0; step < 200; step += 1) {
      this.#harness.nowMs += await this.link.step();
      const { pendingFacts, pendingRows, phase } = await this.link.view();
      if (phase === "live" && pendingRows === 0 && pendingFacts === 0) return;
    }
    throw new Error(`it does not settle: ${JSON.stringify(await this.link.view())}`);
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
