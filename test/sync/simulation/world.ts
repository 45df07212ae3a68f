/**
 * A hub, some sites and the line between them in one process: virtual time, everything drawn from one
 * seed, faults of every kind. Nothing here knows how the link works; it only carries, loses and breaks.
 */
import type { SiteId } from "../../../devices/model/ids.ts";
import type { LinkAnswer, LinkRequest, Transport } from "../../../sync/link/exchange.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { HubHost, SiteHost, type Surroundings } from "./hosts.ts";
import type { HubDisk } from "./memory-hub.ts";

export interface Faults {
  /** Chances per message, between 0 and 1. */
  readonly drop: number;
  readonly duplicate: number;
  readonly corrupt: number;
  /** Chance per store call that the process dies there. */
  readonly crash: number;
}

export const NO_FAULTS: Faults = { drop: 0, duplicate: 0, corrupt: 0, crash: 0 };
export const ALL_FAULTS: Faults = { drop: 0.08, duplicate: 0.08, corrupt: 0.05, crash: 0.01 };

/** A message that arrives once more, or only now; whoever sent it has stopped waiting. */
interface Straggler {
  readonly atMs: number;
  readonly request: LinkRequest;
}

const START_MS = Date.UTC(2026, 10, 2);
const STRAGGLER_MS_MAX = 90_000;
/** Two polls and a little. */
const SETTLE_MS = 130_000;
const STEPS_TO_CONVERGE_MAX = 4000;

export class World {
  readonly random: () => number;
  readonly hub: HubHost;
  readonly sites: SiteHost[] = [];
  faults: Faults = NO_FAULTS;
  nowMs = START_MS;
  /** Requests that reached the hub, with the bytes both ways. */
  traffic: { operation: string; up: number; down: number }[] = [];
  /** Stands between the sites and the line, for tests of one thing. */
  intercept: ((request: LinkRequest, send: Transport) => Promise<LinkAnswer>) | undefined;
  /** Kills the hub at a store call of the test's choice. */
  crashAtHub: () => boolean = () => false;
  /** The same for sites. */
  crashAtSite: () => boolean = () => false;
  /** How often a site needed a new code. */
  joinedAgain = 0;
  /** What the hub's disk can go back to; its sites must have joined by then. */
  hubBackup: HubDisk | undefined;
  #stragglers: Straggler[] = [];

  private constructor(seed: number) {
    this.random = seededRandom(seed);
    this.hub = new HubHost({ ...this.#around(), isCrashPoint: () => this.#isCrashAtHub() });
  }

  static async start(seed: number): Promise<World> {
    const world = new World(seed);
    await world.hub.start();
    return world;
  }

  async addSite(name: string, skewMs = 0): Promise<SiteHost> {
    const { code } = await this.hub.link.makeJoinCode({
      site: name as SiteId,
      name,
      by: "admin",
      validMs: 60_000,
    });
    const site = new SiteHost(name, this.#around(), this.line(), skewMs);
    await site.join(code, (request) => this.hub.handle(request));
    this.sites.push(site);
    return site;
  }

  /** Somebody gives the site a code, because its keys are worth nothing at the hub any more. */
  async joinAgain(site: SiteHost): Promise<void> {
    this.joinedAgain += 1;
    const { code } = await this.hub.link.makeJoinCode({
      site: site.name,
      name: site.name,
      by: "admin",
      validMs: 60_000,
    });
    await site.join(code, (request) => this.hub.handle(request));
  }

  /** A second appliance with a copy of a site's disk. */
  async clone(original: SiteHost): Promise<SiteHost> {
    const site = new SiteHost(original.name, this.#around(), this.line(), original.skewMs);
    await site.replaceDisk(original.disk, false);
    this.sites.push(site);
    return site;
  }

  async restoreHub(): Promise<void> {
    if (!this.hubBackup) return;
    this.hub.disk = structuredClone(this.hubBackup);
    await this.hub.start();
  }

  switchOff(site: SiteHost): void {
    this.sites.splice(this.sites.indexOf(site), 1);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  /** Lets time pass until `untilMs`, with whatever the links and stragglers do meanwhile. */
  async runUntil(untilMs: number): Promise<void> {
    while (true) {
      const [next] = [...this.sites].sort((a, b) => a.nextStepAtMs - b.nextStepAtMs);
      const atMs = Math.max(this.nowMs, next?.nextStepAtMs ?? untilMs);
      if (next === undefined || atMs >= untilMs) break;
      this.nowMs = atMs + 1;
      await this.#deliverStragglers();
      await next.step();
    }
    this.nowMs = untilMs;
  }

  /** No more faults: runs until every site says that it is live and has nothing left to send. */
  async converge(): Promise<void> {
    this.faults = NO_FAULTS;
    // A site whose session is over notices with its next poll.
    await this.runUntil(this.nowMs + SETTLE_MS);
    for (const site of this.sites) if (isTurnedAway(this, site)) await this.joinAgain(site);
    for (let steps = 0; steps < STEPS_TO_CONVERGE_MAX; steps += 1) {
      await this.runUntil(this.nowMs + 20_000);
      const views = await Promise.all(this.sites.map(({ link }) => link.view()));
      const isDone = (view: (typeof views)[number]) =>
        view.phase === "live" && view.pendingRows === 0 && view.pendingFacts === 0;
      if (views.every(isDone) && this.#stragglers.length === 0) {
        await this.runUntil(this.nowMs + SETTLE_MS); // The last confirmation of policy.
        return;
      }
    }
    const views = await Promise.all(this.sites.map(({ link }) => link.view()));
    throw new Error(`the world does not converge: ${JSON.stringify(views)}`);
  }

  line(): Transport {
    return (request) => {
      const send = this.#faultyLine();
      return this.intercept ? this.intercept(request, send) : send(request);
    };
  }

  #faultyLine(): Transport {
    return async (request) => {
      if (this.chance(this.faults.duplicate)) this.#addStraggler(request);
      if (this.chance(this.faults.drop)) throw new Error("no answer");
      const sent = this.chance(this.faults.corrupt) ? this.#corruptedRequest(request) : request;
      const answer = await this.hub.handle(sent);
      this.traffic.push({
        operation: request.operation,
        up: request.body.length,
        down: answer.body.length,
      });
      if (this.chance(this.faults.drop)) throw new Error("no answer");
      return this.chance(this.faults.corrupt) ? this.#corruptedAnswer(answer) : answer;
    };
  }

  async #deliverStragglers(): Promise<void> {
    const due = this.#stragglers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#stragglers = this.#stragglers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { request } of due) await this.hub.handle(request).catch(() => undefined);
  }

  #addStraggler(request: LinkRequest): void {
    const atMs = this.nowMs + Math.floor(this.random() * STRAGGLER_MS_MAX);
    this.#stragglers.push({ atMs, request });
  }

  /** JSON is cut short: what a flipped byte does there depends on keys, which no seed gives. */
  #corruptedRequest(request: LinkRequest): LinkRequest {
    const { body, operation } = request;
    const damaged = operation === "frame" ? this.#flipped(body) : body.subarray(0, -1);
    return { ...request, body: damaged };
  }

  #corruptedAnswer(answer: LinkAnswer): LinkAnswer {
    return { ...answer, body: this.#flipped(answer.body) };
  }

  #flipped(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice();
    const at = Math.floor(this.random() * copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 + Math.floor(this.random() * 255));
    return copy;
  }

  #isCrashAtHub(): boolean {
    return this.crashAtHub() || (this.faults.crash > 0 && this.chance(this.faults.crash));
  }

  #around(): Surroundings {
    return {
      now: () => this.nowMs,
      random: () => this.random(),
      randomBytes: (count) =>
        Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)),
      isCrashPoint: () =>
        this.crashAtSite() || (this.faults.crash > 0 && this.chance(this.faults.crash)),
    };
  }
}

/**
 * Does the hub know none of the site's keys? So it is after a restore from before their last change, and
 * at the clone of a site that has changed them. Everything else the protocol mends by itself.
 */
function isTurnedAway(world: World, site: SiteHost): boolean {
  const record = world.hub.disk.sites.get(site.name);
  const ring = site.disk.keyring;
  if (!record || !ring) return true;
  const known = new Set([record.publicKey, record.nextPublicKey]);
  const waiting = ring.next ? [ring.next.succession] : [];
  for (const { payload } of [...ring.successions, ...waiting]) {
    const { replaces, signingKey } = JSON.parse(payload) as Record<string, string>;
    if (known.has(replaces ?? "")) known.add(signingKey ?? "");
  }
  return !known.has(ring.current.signingPublic) && !known.has(ring.next?.keys.signingPublic ?? "");
}
