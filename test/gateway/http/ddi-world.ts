import { expect } from "bun:test";
import { z } from "zod";
import { interpret } from "../../../devices/install/mappings/interpret.ts";
import { CANCEL_REFUSED, CANCELLED } from "../../../devices/install/waiting.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import type { DistributionId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { encodeCbor } from "../../../protocols/ddi/cbor.ts";
import { EXECUTIONS, FINISHED } from "../../../protocols/ddi/requests.ts";
import { type DdiDevice, DdiSite } from "../../harness/ddi-site.ts";
import { mutated } from "../../harness/mutate.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NIGHT = { start: "2026-11-01T22:00", minutes: 120 };
const RAUC = "rauc-hawkbit-c-agent/1.0";
const JOB_LINKS = ["deploymentBase", "cancelAction", "confirmationBase"] as const;
const SWUPDATE = [
  ["proceeding", "none", "Installing Update Chunk Artifacts."],
  ["proceeding", "none", "All Chunks Installed."],
  ["closed", "success", "Update Installed."],
  ["closed", "failure", "Update Failed."],
  ["closed", "success", "Skipped Update."],
] as const;
const AFTER_RESTART = ["Update Installed.", "Update Failed."];
/** What a request may be answered. A stranger's is 401; everything here is a device's own. */
const STATUSES = [200, 400, 404, 405, 410, 413, 422];
/** So many answers does an obedient device need at most for what is there. */
const ANSWERS_MAX = 40;

const Body = z.looseObject({
  deployment: z.looseObject({ update: z.string(), maintenanceWindow: z.string().optional() }),
});

const Ended = z.looseObject({
  ended: z.looseObject({ word: z.string(), outcome: z.string() }).nullish(),
  awaitsRestart: z.boolean(),
});
const NO_JOB: z.infer<typeof Ended> = { ended: null, awaitsRestart: false };

interface Sent {
  readonly path: string;
  readonly execution: string;
  readonly finished: string;
  readonly details: readonly string[];
}

/**
 * A site with two devices that say anything about any job, in any order and encoding, twice and late,
 * while distributions come and go and the night begins and ends.
 */
export class DdiWorld implements AsyncDisposable {
  readonly #site: DdiSite;
  readonly #random: () => number;
  readonly #devices: DdiDevice[] = [];
  readonly #sent: Sent[] = [];
  readonly #distributions: DistributionId[] = [];
  /** Rows that a device said of that they are installed, and was believed. */
  readonly #saidInstalled = new Set<string>();
  #count = 0;

  static async open(seed: number): Promise<DdiWorld> {
    const world = new DdiWorld(await DdiSite.open(), seededRandom(seed));
    const { core } = world.#site;
    await core.addWindow(NIGHT.start, NIGHT.minutes);
    if (world.#random() < 0.5) core.nowMs = lastMomentAfter(core.nowMs);
    for (const name of ["kiosk-7", "kiosk-8"]) {
      const device = await world.#site.device(name);
      if (world.#random() < 0.4) device.userAgent = RAUC;
      world.#devices.push(device);
    }
    return world;
  }

  private constructor(site: DdiSite, random: () => number) {
    this.#site = site;
    this.#random = random;
  }

  async step(): Promise<void> {
    const device = this.#pick(this.#devices);
    const chance = this.#random();
    if (chance < 0.06 || this.#distributions.length === 0) await this.#distribute();
    else if (chance < 0.1) await this.#stopOrResume();
    else if (chance < 0.16) await this.#later();
    else if (chance < 0.26) await this.#ask(device);
    else if (chance < 0.4) await this.#poll(device);
    else if (chance < 0.7) await this.#say(device, await this.#poll(device));
    else if (chance < 0.93) await this.#say(device);
    else await this.#saySomethingBroken(device);
    await this.#check();
  }

  /** Devices that do what they are told have nothing to do after a while. */
  async settle(): Promise<void> {
    for (const device of this.#devices) {
      let answers = 0;
      for (; answers < ANSWERS_MAX && (await this.#obey(device)); answers++);
      expect(answers).toBeLessThan(ANSWERS_MAX);
    }
    await this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
  }

  async #distribute(): Promise<void> {
    this.#count += 1;
    const options: Partial<Distribution> = {
      mode: this.#random() < 0.4 ? "automatic" : "on-demand",
      question: this.#random() < 0.2 ? "Now?" : null,
    };
    const handling = this.#pick(["forced", "forced", "soft", "download-only"] as const);
    const app = this.#pick(["kiosk-image", "other-image"]);
    this.#distributions.push(
      await this.#site.distribute(`${this.#count}.0`, options, { handling, app }),
    );
  }

  async #stopOrResume(): Promise<void> {
    const { core } = this.#site;
    const id = this.#pick(this.#distributions);
    const distributions = core.policy.distributions.map((one) =>
      one.id === id ? { ...one, stoppedAtMs: one.stoppedAtMs === null ? core.nowMs : null } : one,
    );
    await core.change({ distributions });
  }

  async #later(): Promise<void> {
    const { core } = this.#site;
    core.nowMs = this.#pick([
      core.nowMs + 1_000,
      core.nowMs + MINUTE_MS,
      core.nowMs + 5 * HOUR_MS,
      lastMomentAfter(core.nowMs),
    ]);
  }

  async #ask(device: DdiDevice): Promise<void> {
    const rows = (await this.#rows(device)).filter(
      ({ distribution, counted, status, requestedAtMs }) =>
        this.#site.core.policy.distributionsById.get(distribution)?.mode === "on-demand" &&
        counted &&
        (status === "pending_install" || status === "pending_update") &&
        requestedAtMs === null,
    );
    if (rows.length > 0) await device.request(this.#pick(rows).distribution);
  }

  /** What it is shown is there, is one thing, and keeps to its window. */
  async #poll(device: DdiDevice): Promise<string | undefined> {
    const links = await device.poll();
    const jobs = JOB_LINKS.filter((name) => links[name] !== undefined);
    expect(jobs.length).toBeLessThanOrEqual(1);
    for (const [name, url] of Object.entries(links)) {
      if (name === "configData") continue;
      const answer = await device.ask(url);
      expect([name, answer.status]).toEqual([name, 200]);
      if (name === "deploymentBase") await this.#checkTerms(device, url, await answer.json());
    }
    if (links.configData) await device.send("PUT", "/configData", { data: { hw: "edge" } });
    const [job] = jobs;
    return job && `/${job}/${numberIn(links[job] ?? "")}`;
  }

  async #checkTerms(device: DdiDevice, url: string, body: unknown): Promise<void> {
    const { core } = this.#site;
    const { deployment } = Body.parse(body);
    const job = await this.#job(device, numberIn(url));
    const distribution = core.policy.distributionsById.get(job?.distribution as DistributionId);
    if (distribution?.mode !== "automatic" || deployment.update === "skip") return;
    const hour = Number(
      new Intl.DateTimeFormat("en", {
        timeZone: core.context.timeZone(),
        hour: "2-digit",
        hourCycle: "h23",
      }).format(core.nowMs),
    );
    expect(hour).toBeGreaterThanOrEqual(22);
  }

  /** @param shown the job that it was just shown */
  async #say(device: DdiDevice, shown?: string): Promise<void> {
    const isAgain = this.#sent.length > 0 && shown === undefined && this.#random() < 0.4;
    const something = await this.#something(device);
    const anew = shown === undefined ? something : { ...something, path: shown };
    const sent = isAgain ? this.#pick(this.#sent.slice(-8)) : anew;
    this.#sent.push(sent);
    const { path, execution, finished, details } = sent;
    const status = { execution, result: { finished }, details };
    const body = path.startsWith("/confirmationBase")
      ? { confirmation: finished === "failure" ? "denied" : "confirmed", details }
      : { id: 1, time: "20261129T095102", status };
    await this.#post(device, sent, this.#encode(body));
  }

  async #saySomethingBroken(device: DdiDevice): Promise<void> {
    const sent = await this.#something(device);
    const { execution, finished, details } = sent;
    const whole = this.#encode({ status: { execution, result: { finished }, details } });
    const bytes = mutated(whole.bytes, this.#random);
    await this.#post(device, sent, { ...whole, bytes: new Uint8Array(bytes) }, "broken");
  }

  async #something(device: DdiDevice): Promise<Sent> {
    this.#count += 1;
    const jobs = await this.#jobs(this.#random() < 0.85 ? device : this.#pick(this.#devices));
    const number =
      this.#random() < 0.05 ? 4711 : jobs.length > 0 ? this.#pick(jobs.slice(-3)).id : 1;
    const kind = this.#pick([
      "deploymentBase",
      "deploymentBase",
      "deploymentBase",
      "cancelAction",
      "confirmationBase",
    ]);
    const path = `/${kind}/${number}`;
    const mark = `#${this.#count}#`;
    if (this.#random() < 0.4) {
      const [execution, finished, line] = this.#pick(SWUPDATE);
      return { path, execution, finished, details: [line, mark] };
    }
    const words = this.#random() < 0.1 ? [this.#pick(SWUPDATE)[2]] : [];
    const [execution, finished] = [this.#pick(EXECUTIONS), this.#pick(FINISHED)];
    return { path, execution, finished, details: [...words, mark] };
  }

  #encode(body: object): { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string } {
    return this.#random() < 0.5
      ? { bytes: encodeCbor(body as never), type: "application/cbor" }
      : { bytes: new TextEncoder().encode(JSON.stringify(body)), type: "application/json" };
  }

  async #post(
    device: DdiDevice,
    { path, execution, finished, details }: Sent,
    { bytes, type }: { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string },
    state: "whole" | "broken" = "whole",
  ): Promise<void> {
    const job = await this.#job(device, numberIn(path));
    const { ended, awaitsRestart } = job ? Ended.parse(JSON.parse(job.state)) : NO_JOB;
    const before = await this.#allRows();
    const answer = await device.ask(`${path}/feedback`, {
      method: "POST",
      headers: { "content-type": type },
      body: bytes,
    });
    expect(STATUSES).toContain(answer.status);
    const after = await this.#allRows();
    const others = (rows: readonly Installation[]) =>
      rows.filter((row) => row.device !== device.id);
    expect(others(after)).toEqual(others(before));
    if (answer.status !== 200 && answer.status !== 410) expect(after).toEqual(before);
    if (!job) expect(answer.status).not.toBe(200);
    const isOver = answer.status === 410;
    if ((answer.status !== 200 && !isOver) || !job) return;
    const key = `${device.id} ${job.distribution}`;
    const rowIn = (rows: readonly Installation[]) =>
      rows.find((row) => `${row.device} ${row.distribution}` === key);
    const former = rowIn(before);
    // Of an update by other means, unless a former attempt waits, or it fetched this one before.
    const isForeign =
      ended?.outcome !== "downloaded" &&
      !awaitsRestart &&
      job.attempt === 1 &&
      former?.status.startsWith("pending") &&
      details.some((line) => AFTER_RESTART.includes(line));
    const isDone =
      path.startsWith("/deploymentBase") &&
      execution === "closed" &&
      finished !== "failure" &&
      !isForeign &&
      !details.includes("Skipped Update.");
    if (isDone) this.#saidInstalled.add(key);
    // A changed byte may say so as well.
    if (state === "broken") {
      this.#saidInstalled.add(key);
      return;
    }
    const mayTurn = ended?.outcome === "downloaded" || isDone;
    if (ended && !mayTurn && former?.attempt === job.attempt) {
      expect([path, rowIn(after)?.status]).toEqual([path, former.status]);
    }
    const word = `${execution}/${finished}`;
    const isRepeated = ended && (ended.word === word || path.startsWith("/cancelAction"));
    if (isRepeated || (isOver && path.startsWith("/confirmationBase"))) return;
    const facts = await this.#facts(device);
    const mark = details.at(-1) ?? "";
    expect(facts.some(({ text }) => text?.includes(mark))).toBe(true);
  }

  async #obey(device: DdiDevice): Promise<boolean> {
    const links = await device.poll();
    const name = JOB_LINKS.find((one) => links[one] !== undefined);
    const url = name && links[name];
    if (!name || !url) return false;
    const number = numberIn(url);
    const answer = await device.ask(url);
    if (name === "confirmationBase") {
      const said = { confirmation: "confirmed" };
      await device.send("POST", `/confirmationBase/${number}/feedback`, said);
      return true;
    }
    const { deployment } =
      name === "deploymentBase" ? Body.parse(await answer.json()) : { deployment: undefined };
    // It waits for its window.
    if (deployment?.maintenanceWindow === "unavailable" && device.userAgent === RAUC) return false;
    const details = deployment?.update === "skip" ? ["Skipped Update."] : [];
    const job = await this.#job(device, number);
    if (details.length === 0) this.#saidInstalled.add(`${device.id} ${job?.distribution}`);
    expect(await device.report(`/${name}/${number}`, "closed", "success", details)).toBe(200);
    return true;
  }

  /** Nothing is said that nobody told, and every word is one of the vocabulary. */
  async #check(): Promise<void> {
    for (const device of this.#devices) {
      for (const row of await this.#rows(device)) {
        const isBelieved = this.#saidInstalled.has(`${device.id} ${row.distribution}`);
        if (row.status === "installed")
          expect([row.distribution, isBelieved]).toEqual([row.distribution, true]);
        expect([row.distribution, row.anomaly]).toEqual([row.distribution, false]);
      }
      for (const { kind, source, value, operation } of await this.#facts(device)) {
        if (kind !== "report" || source !== "ddi") continue;
        if (value === CANCELLED || value === CANCEL_REFUSED) continue;
        const context = { operation: operation ?? "install", lastError: null } as const;
        expect([value, interpret("ddi", "Windows", value, context)]).not.toEqual([
          value,
          undefined,
        ]);
      }
    }
  }

  async #rows({ id }: DdiDevice): Promise<readonly Installation[]> {
    return (await this.#site.core.context.store.view(id))?.installations ?? [];
  }

  async #allRows(): Promise<readonly Installation[]> {
    return (await Promise.all(this.#devices.map((one) => this.#rows(one)))).flat();
  }

  #jobs({ id }: DdiDevice) {
    return this.#site.core.context.store.jobs(id);
  }

  async #job(device: DdiDevice, number: number) {
    return (await this.#jobs(device)).find(({ id }) => id === number);
  }

  async #facts({
    id,
  }: DdiDevice): Promise<
    readonly Pick<Fact, "kind" | "source" | "value" | "text" | "operation">[]
  > {
    const rows = this.#site.core.database.connection
      .prepare("SELECT kind, source, value, text, operation FROM facts WHERE device = ?")
      .rows(id);
    return rows.map(([kind, source, value, text, operation]) => ({
      kind: kind as Fact["kind"],
      source: source as Fact["source"],
      value: String(value),
      text: text === null ? null : String(text),
      operation: operation as Fact["operation"],
    }));
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}

/** The last moment of the night's window, in which every device's own has come. */
function lastMomentAfter(nowMs: number): number {
  const ofDayMs = 23 * HOUR_MS - 1;
  return (Math.floor((nowMs - ofDayMs) / DAY_MS) + 1) * DAY_MS + ofDayMs;
}

function numberIn(url: string): number {
  return Number(
    /Base\/(\d+)|Action\/(\d+)/
      .exec(url)
      ?.slice(1)
      .find((one) => one !== undefined) ?? 0,
  );
}

/** @param steps of each world */
export async function runDdiWorlds(seed: number, worlds: number, steps: number): Promise<void> {
  for (let index = 0; index < worlds; index++) {
    await using world = await DdiWorld.open(seed + index);
    let step = 0;
    try {
      for (; step < steps; step++) await world.step();
      await world.settle();
    } catch (error) {
      throw new Error(`world ${seed + index}, step ${step}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
