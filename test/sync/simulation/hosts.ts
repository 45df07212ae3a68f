/** The two kinds of process of the simulation: each can die at any store call, and start again. */
import { AppError, type ErrorCode } from "../../../devices/model/errors.ts";
import type { SiteId } from "../../../devices/model/ids.ts";
import type { Log } from "../../../devices/ports/log.ts";
import { HlcClock } from "../../../devices/service/clock.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { newHubIdentity } from "../../../sync/crypto/keys.ts";
import { HubLink } from "../../../sync/hub/hub-link.ts";
import type { LinkAnswer, LinkRequest, Transport } from "../../../sync/link/exchange.ts";
import { joinHub } from "../../../sync/link/join-hub.ts";
import { Keyring } from "../../../sync/link/keyring.ts";
import { SiteLink } from "../../../sync/link/site-link.ts";
import { PolicyBook } from "../../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../../sync/policy/policy-holder.ts";
import { MemoryPolicyStore } from "./memory-documents.ts";
import { emptyHubDisk, type HubDisk, MemoryHubStore } from "./memory-hub.ts";
import { emptySiteDisk, MemorySiteLinkStore, type SiteDisk } from "./memory-site.ts";

export const ORGANISATION = "org-1";

/** What a host needs of the world around it. */
export interface Surroundings {
  readonly now: () => number;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** True when the host is to die at this point. */
  readonly isCrashPoint: () => boolean;
}

export const SILENT_LOG: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

class Died extends Error {
  override readonly name = "Died";
}

/** One life of a process: once it is over, nothing it still does reaches a disk. */
class Life {
  isOver = false;
  readonly #isCrashPoint: () => boolean;

  constructor(isCrashPoint: () => boolean) {
    this.#isCrashPoint = isCrashPoint;
  }

  check(): void {
    if (!this.isOver && this.#isCrashPoint()) this.isOver = true;
    if (this.isOver) throw new Died("the process has died");
  }
}

/** A store whose every call may be the last thing its process does, before or after its effect. */
function mortal<Store extends object>(store: Store, life: Life): Store {
  return new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...parameters: unknown[]) => {
        life.check();
        const result: unknown = await method.apply(target, parameters);
        life.check();
        return result;
      };
    },
  });
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unprocessable: 422,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "precondition-failed": 412,
  "too-large": 413,
  unsupported: 415,
  "no-room": 507,
  "too-many": 429,
  unavailable: 503,
};

export class HubHost {
  disk: HubDisk = emptyHubDisk();
  book!: PolicyBook;
  link!: HubLink;
  /** Sites that have used new keys, in order. */
  readonly keysChanged: SiteId[] = [];
  readonly #around: Surroundings;
  #life: Life;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#life = new Life(around.isCrashPoint);
  }

  async start(): Promise<void> {
    const { now, randomBytes, isCrashPoint } = this.#around;
    this.#life = new Life(isCrashPoint);
    const plain = new MemoryHubStore(this.disk);
    if (!(await plain.identity())) await plain.putIdentity(newHubIdentity(ORGANISATION));
    const identity = await plain.identity();
    if (!identity) throw new Error("the hub has no identity");
    const store = mortal(plain, this.#life);
    const holder = new PolicyHolder();
    const hlc = new HlcClock(now, undefined);
    this.book = await PolicyBook.open({
      owner: {
        role: "hub",
        recipients: async () =>
          (await plain.sites())
            .filter(({ revokedAtMs }) => revokedAtMs === null)
            .map(({ id, sealingKey }) => ({ site: id, sealingKey })),
      },
      store: mortalAfterOpen(new MemoryPolicyStore(this.disk), this.#life),
      holder,
      nextHlc: () => hlc.next(),
      now,
      log: SILENT_LOG,
    });
    this.link = new HubLink({
      identity,
      store,
      book: this.book,
      policy: holder,
      now,
      realNow: now,
      randomBytes,
      log: SILENT_LOG,
      onKeysChanged: async ({ id }) => {
        this.keysChanged.push(id);
      },
    });
  }

  /** Answers as the HTTP route would; a hub that dies meanwhile answers nothing and starts again. */
  async handle(request: LinkRequest): Promise<LinkAnswer> {
    try {
      const { body, signature } = await this.link.answer(request);
      return { status: 200, body, signature, retryAfterMs: 0 };
    } catch (error) {
      if (this.#life.isOver) throw new Error("connection reset");
      const status =
        error instanceof AppError
          ? STATUS[error.code]
          : error instanceof ProtocolError
            ? 400
            : undefined;
      if (status === undefined) throw error;
      const body = new Uint8Array(Buffer.from(JSON.stringify({ detail: String(error) })));
      return { status, body, signature: "", retryAfterMs: 0 };
    } finally {
      if (this.#life.isOver) await this.start();
    }
  }
}

export class SiteHost {
  readonly name: SiteId;
  disk: SiteDisk = emptySiteDisk();
  link!: SiteLink;
  book!: PolicyBook;
  keyring!: Keyring;
  holder = new PolicyHolder();
  nextStepAtMs = 0;
  /** How often the hub would not have it by its keys. */
  turnedAway = 0;
  about: { name: string | undefined; timeZone: string } = {
    name: undefined,
    timeZone: "Europe/Prague",
  };
  /** How far this site's clock is ahead of the world's. */
  readonly skewMs: number;
  readonly #around: Surroundings;
  readonly #transport: Transport;
  #life: Life;

  constructor(name: string, around: Surroundings, transport: Transport, skewMs = 0) {
    this.name = name as SiteId;
    this.#around = around;
    this.#transport = transport;
    this.skewMs = skewMs;
    this.#life = new Life(around.isCrashPoint);
  }

  now(): number {
    return this.#around.now() + this.skewMs;
  }

  async join(code: string, transport: Transport): Promise<void> {
    const store = new MemorySiteLinkStore(this.disk);
    await joinHub(
      {
        store,
        keyring: await Keyring.open(store),
        transport,
        now: () => this.now(),
        randomBytes: this.#around.randomBytes,
      },
      { hubUrl: "http://hub.test", code, name: null, timeZone: "Europe/Prague" },
    );
    await this.start();
  }

  /** A new process over whatever is on the disk. */
  async start(): Promise<void> {
    const { now, random, randomBytes, isCrashPoint } = this.#around;
    this.#life = new Life(isCrashPoint);
    const plain = new MemorySiteLinkStore(this.disk);
    const identity = await plain.identity();
    if (!identity) throw new Error(`${this.name} has not joined`);
    const guarded = mortal(plain, this.#life);
    this.keyring = await Keyring.open({
      keyring: () => plain.keyring(), // Opening is no crash point of its own.
      changeKeyring: (before, after) => guarded.changeKeyring(before, after),
    });
    this.holder = new PolicyHolder();
    const hlc = new HlcClock(() => this.now(), undefined);
    this.book = await PolicyBook.open({
      owner: {
        role: "site",
        site: identity.site,
        keys: () => this.keyring.sealing,
      },
      store: mortalAfterOpen(new MemoryPolicyStore(this.disk), this.#life),
      holder: this.holder,
      nextHlc: () => hlc.next(),
      now: () => this.now(),
      log: SILENT_LOG,
    });
    this.link = new SiteLink({
      store: mortal(plain, this.#life),
      book: this.book,
      keyring: this.keyring,
      identity,
      transport: this.#transport,
      now,
      siteNow: () => this.now(),
      about: () => this.about,
      box: "box",
      random,
      randomBytes,
      log: SILENT_LOG,
      flushMs: 10_000,
      pollMs: 60_000,
    });
    this.link.onTurnedAway(() => {
      this.turnedAway += 1;
    });
    this.nextStepAtMs = now();
  }

  async step(): Promise<void> {
    const delayMs = await this.link.step();
    this.nextStepAtMs = this.#around.now() + delayMs;
    await this.revive();
  }

  /** Starts the process again when it has died. */
  async revive(): Promise<void> {
    if (this.#life.isOver) await this.start();
  }

  /** Puts a copy of a disk in place and starts from it, as after a restore or in a cloned appliance. */
  async replaceDisk(disk: SiteDisk, isRestored: boolean): Promise<void> {
    this.disk = structuredClone(disk);
    this.disk.restored = isRestored;
    await this.start();
  }
}

/** Opening is not a crash point of its own: a process that dies there has done nothing yet. */
function mortalAfterOpen(store: MemoryPolicyStore, life: Life): MemoryPolicyStore {
  const guarded = mortal(store, life);
  let isOpen = false;
  return new Proxy(store, {
    get(target, name) {
      if (name === "load" && !isOpen) {
        isOpen = true;
        return () => target.load();
      }
      const method: unknown = Reflect.get(isOpen ? guarded : target, name);
      return method;
    },
  });
}
