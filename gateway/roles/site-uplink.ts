import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../devices/model/errors.ts";
import type { DeviceId, Sha256, SiteId } from "../../devices/model/ids.ts";
import type { Log } from "../../devices/ports/log.ts";
import { httpTransport } from "../../sync/link/http-transport.ts";
import { joinHub } from "../../sync/link/join-hub.ts";
import { type Keyring, keyFingerprint } from "../../sync/link/keyring.ts";
import { linkBackOffMs } from "../../sync/link/link-back-off.ts";
import { runLink } from "../../sync/link/run-link.ts";
import { SiteLink } from "../../sync/link/site-link.ts";
import type { PolicyBook } from "../../sync/policy/policy-book.ts";
import type { PolicyAuthor, PolicyChange } from "../../sync/ports/policy-author.ts";
import type {
  FactPosition,
  SiteIdentity,
  SiteLinkStore,
} from "../../sync/ports/site-link-store.ts";
import type { SiteConfig } from "../config/settings.ts";
import type { LocalSettingsStore, SiteLine } from "../http/use-cases.ts";
import { ownAddress } from "./own-addresses.ts";

/** How long a start waits for the hub before it goes on without it. */
const JOIN_AT_START_MS = 5_000;
const POLL_MS = 5_000;

export interface UplinkOptions {
  readonly config: SiteConfig;
  readonly linkStore: SiteLinkStore;
  readonly keyring: Keyring;
  /** Opens the policy of a site id, with what was decided before it had that, and shows it. */
  readonly openBook: (site: SiteId) => Promise<PolicyBook>;
  readonly provisional: SiteId;
  readonly settings: LocalSettingsStore;
  readonly siteNow: () => number;
  /** Told the fingerprint of new keys that the hub knows now. */
  readonly onKeysChanged: (fingerprint: string) => Promise<void>;
  readonly log: Log;
}

/**
 * What a site is to its hub, and the policy book that goes with it. A site works for itself until it
 * has joined: at its start when the hub answers, else later, without a restart.
 */
export class SiteUplink implements PolicyAuthor {
  readonly #options: UplinkOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #joining: Promise<boolean> | undefined;
  #identity: SiteIdentity | undefined;
  #link: SiteLink | undefined;
  #book: PolicyBook;
  /** While the book of the new name is being opened. */
  #renaming: Promise<void> | undefined;
  #joinProblem: string | null = null;
  #joinCode: string | undefined;
  #hubUrl: string | undefined;
  #onConnected: () => void = () => undefined;

  private constructor(
    options: UplinkOptions,
    identity: SiteIdentity | undefined,
    book: PolicyBook,
  ) {
    this.#options = options;
    this.#identity = identity;
    this.#book = book;
    this.#joinCode = options.config.joinCode?.reveal();
    this.#hubUrl = options.config.hubUrl?.toString();
  }

  static async open(options: UplinkOptions): Promise<SiteUplink> {
    const identity = await options.linkStore.identity();
    const book = await options.openBook(identity?.site ?? options.provisional);
    const uplink = new SiteUplink(options, identity, book);
    if (!identity) {
      await Promise.race([uplink.#tryJoin(), sleep(JOIN_AT_START_MS, undefined, { ref: false })]);
    }
    return uplink;
  }

  /** Undefined until the site has joined. */
  get identity(): SiteIdentity | undefined {
    return this.#identity;
  }

  /** There is a hub, or is to be one: what this site lacks may come from there. */
  get hasHub(): boolean {
    return this.#identity !== undefined || this.#hubUrl !== undefined;
  }

  /** `listener` is told whenever the link has come up. */
  onConnected(listener: () => void): void {
    this.#onConnected = listener;
  }

  get book(): PolicyBook {
    return this.#book;
  }

  /** Starts the link, or goes on trying to join, until it is disposed of. */
  start(): void {
    this.#running = this.#run();
  }

  /** Joins the hub of the same process; it goes on trying when that fails. [D20] */
  async joinAt(hubUrl: string, code: string): Promise<void> {
    if (this.#identity) return;
    this.#hubUrl = hubUrl;
    this.#joinCode = code;
    await this.#tryJoin();
  }

  async write(changes: readonly PolicyChange[], by: string): Promise<void> {
    await this.#renaming;
    await this.#book.write(changes, by);
  }

  get keyring(): Keyring {
    return this.#options.keyring;
  }

  /**
   * Makes new keys, which hold once the hub knows them; without a hub at once.
   *
   * @throws AppError "conflict" while the site is about to join: its code is tied to the keys it has
   */
  async rotateKeys(): Promise<"waits" | "done" | "under-way"> {
    const { keyring, siteNow } = this.#options;
    if (!this.#identity && (this.#joining || (this.#hubUrl && this.#joinCode))) {
      throw new AppError(
        "conflict",
        "This site is about to join its hub. Its keys are new; change them once it has joined.",
      );
    }
    const outcome = await keyring.rotate(this.#identity?.site, siteNow());
    if (outcome === "done") {
      await this.#book.resealSecrets();
      if (!this.#book.needsFormerKeys) await keyring.forgetFormer();
    }
    this.#link?.wake();
    return outcome;
  }

  contentRequest(sha256: Sha256) {
    return this.#link?.contentRequest(sha256);
  }

  issueIncarnation(device: DeviceId, last: number | undefined): Promise<number | undefined> {
    if (!this.#link) return Promise.resolve(undefined);
    return this.#link.issueIncarnation(device, last, (ms) => sleep(ms));
  }

  /**
   * How far the journal may be forgotten here: what the hub has; everything where there is no hub and
   * none is to come.
   */
  async forgettableFacts(): Promise<readonly FactPosition[]> {
    const { linkStore } = this.#options;
    if (this.hasHub) return (await linkStore.position()).acknowledgedFacts;
    return (await linkStore.changes(Number.MAX_SAFE_INTEGER, 1)).lastFacts;
  }

  /** The state of the line for pages and the API, also before there is a link. */
  async view(): Promise<SiteLine> {
    const site = this.#identity?.site ?? null;
    const joinProblem = this.#joinProblem;
    if (this.#link) {
      return { kind: "site", joined: true, site, ...(await this.#link.view()), joinProblem };
    }
    return {
      kind: "site",
      joined: false,
      site,
      phase: this.#hubUrl ? "joining" : "alone",
      hubUrl: this.#hubUrl ?? null,
      incarnation: null,
      connectedSinceMs: null,
      lastAcknowledgedAtMs: null,
      pendingRows: 0,
      pendingFacts: 0,
      policyVersion: null,
      clockOffsetMs: null,
      lastError: joinProblem,
      nextAttemptAtMs: null,
      joinProblem,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 1; !this.#identity && !signal.aborted; failures++) {
      if (await this.#tryJoin()) break;
      await sleep(linkBackOffMs(failures, Math.random, 0), undefined, { signal }).catch(
        () => undefined,
      );
    }
    while (this.#identity && !signal.aborted) await this.#runLink(this.#identity);
  }

  /** Until the end, or until the site has joined again because its keys were worth nothing any more. */
  async #runLink(identity: SiteIdentity): Promise<void> {
    const { signal } = this.#stop;
    const rejoined = new AbortController();
    const link = this.#makeLink(identity);
    link.onTurnedAway(() => {
      if (!this.#joinCode) return;
      void this.#tryJoin().then((isJoined) => {
        if (isJoined) rejoined.abort();
      });
    });
    this.#link = link;
    await runLink(
      link,
      (ms, end) => sleep(ms, undefined, { signal: end }).catch(() => undefined),
      AbortSignal.any([signal, rejoined.signal]),
    );
  }

  /** One at a time: two that ended in turn would leave the link and the pages with two books. */
  #tryJoin(): Promise<boolean> {
    this.#joining ??= this.#joinOnce().finally(() => {
      this.#joining = undefined;
    });
    return this.#joining;
  }

  async #joinOnce(): Promise<boolean> {
    const { keyring, linkStore, log, settings } = this.#options;
    if (!this.#hubUrl || !this.#joinCode) return false;
    try {
      const identity = await joinHub(
        {
          store: linkStore,
          keyring,
          transport: httpTransport(this.#hubUrl, fetch),
          now: Date.now,
          randomBytes: (count) => randomBytes(count),
        },
        {
          hubUrl: this.#hubUrl,
          code: this.#joinCode,
          name: chosenName(settings),
          timeZone: settings.read().timeZone,
        },
      );
      await this.#adopt(identity);
      if (chosenName(settings) === null) await settings.write({ siteName: identity.name });
      log.info("joined", { site: identity.site, hub: identity.hubUrl });
      return true;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#joinProblem) log.warn("join-failed", { problem });
      this.#joinProblem = problem;
      // A code that is refused stays refused; the page says so, and another one is needed.
      if (error instanceof AppError && error.code !== "unavailable") this.#joinCode = undefined;
      return false;
    }
  }

  /** From now on the site is what the hub called it; what was decided here before comes along. */
  async #adopt(identity: SiteIdentity): Promise<void> {
    // What is decided meanwhile waits: in the book of the former name nobody would see it.
    this.#renaming = this.#book.exclusive(async () => {
      this.#book = await this.#options.openBook(identity.site);
    });
    await this.#renaming.finally(() => {
      this.#renaming = undefined;
    });
    this.#identity = identity;
    this.#joinProblem = null;
    this.#joinCode = undefined;
  }

  #makeLink(identity: SiteIdentity): SiteLink {
    const { config, keyring, linkStore, onKeysChanged, settings, siteNow, log } = this.#options;
    // The hub may have moved since the site joined: the configuration knows where to.
    const hubUrl = this.#hubUrl ?? identity.hubUrl;
    const link = new SiteLink({
      store: linkStore,
      book: this.#book,
      keyring,
      identity: { ...identity, hubUrl },
      transport: httpTransport(hubUrl, fetch),
      now: Date.now,
      siteNow,
      about: () => ({
        name: chosenName(settings) ?? undefined,
        timeZone: settings.read().timeZone,
      }),
      box: `${hostname()} ${ownAddress()}`,
      random: Math.random,
      randomBytes: (count) => randomBytes(count),
      log,
      flushMs: config.flushIntervalMs,
      pollMs: Math.min(POLL_MS, config.flushIntervalMs),
    });
    link.onConnected(() => this.#onConnected());
    link.onKeysChanged(() => onKeysChanged(keyFingerprint(keyring.ring.current.signingPublic)));
    return link;
  }
}

/** What somebody called this site; null for a machine's name, for which the join code has a better one. */
function chosenName(settings: LocalSettingsStore): string | null {
  const { siteName } = settings.read();
  return siteName === hostname() ? null : siteName;
}
