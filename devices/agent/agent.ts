import type { AgentPlan, PlanFile, PlanWork } from "../../protocols/agent/answers.ts";
import type { AgentFacts, InventoryEntry, PollRequest } from "../../protocols/agent/requests.ts";
import { AGENT_BODY_BYTES_MAX, WAIT_SECONDS_MAX } from "../../protocols/agent/words.ts";
import { unmetText } from "../install/work-words.ts";
import { backOffMs } from "../model/back-off.ts";
import { acknowledged, enrolled, nextResults, report } from "./agent-state.ts";
import type { AgentStore } from "./agent-store.ts";
import { Bell } from "./bell.ts";
import { Cancelled, carryOut, type Restarting } from "./carry-out.ts";
import { nextWork, takePlan } from "./follow-plan.ts";
import type { LookAt } from "./metrics.ts";
import { unmetMetrics } from "./metrics.ts";
import { RETRY } from "./retry.ts";
import { type PolledPlan, type SiteClient, SiteRefusal } from "./site-client.ts";
import type { Surroundings } from "./steps.ts";
import { newToken } from "./token.ts";

/** What comes about within so long is told in one request. Milliseconds. */
const GATHER_MS = 100;
/** A check-in that is cut by a proxy waits for less the next time; never for less than this. Seconds. */
const WAIT_SECONDS_MIN = 5;

/** After so many that were not cut a longer one is tried: what cut may have been the site's restart. */
const LONGER_AFTER = 20;

/** A site that did not wait and had nothing new is left alone for so long. Milliseconds. */
const SAME_PLAN_MS = 10_000;

export interface AgentGiven {
  readonly store: AgentStore;
  readonly client: SiteClient;
  readonly around: Omit<Surroundings, "urlOf">;
  readonly look: LookAt;
  readonly restarting: Restarting;
  readonly facts: () => Promise<AgentFacts>;
  /** A one-time code, for the first enrolment. [2.3] */
  readonly code: string | undefined;
  readonly say: (text: string) => void;
}

/** How an agent ended by itself. */
export interface AgentSummary {
  readonly done: number;
  readonly failed: number;
}

/** Asks the site for work, does it, and says what came of it, until it is told to end. */
export class Agent {
  readonly #given: AgentGiven;
  readonly #toSend = new Bell();
  readonly #toDo = new Bell();
  #plan: PolledPlan | undefined;
  /** Of the plan that is known: what was evaluated. */
  #looked = new Map<PlanWork, "awaited" | "settled">();
  #cancel = new AbortController();
  #isWorking = false;
  #isStale = false;
  #waitSeconds = WAIT_SECONDS_MAX;
  /** Check-ins that waited and were answered, since one was cut. */
  #waited = 0;
  #tells = new Set<AgentPlan["tell"][number]>();
  #failures = 0;
  /** It was used, say, before the device was removed: it asks to be approved from then on. [2.5] */
  #isCodeRefused = false;
  #done = 0;
  #failed = 0;

  constructor(given: AgentGiven) {
    this.#given = given;
  }

  /**
   * @param once ends when there is nothing left to do, instead of waiting for more
   * @param stop ends cleanly: what is under way is known when the agent is started again
   */
  async run({ once, stop }: { once: boolean; stop: AbortSignal }): Promise<AgentSummary> {
    const done = new AbortController();
    const signal = AbortSignal.any([stop, done.signal]);
    const talking = this.#talk({ once, signal }).finally(() => done.abort());
    const working = this.#work(signal).catch((error) => {
      // Who is told to end has not failed.
      if (signal.aborted) return;
      done.abort();
      throw error;
    });
    for (const outcome of await Promise.allSettled([working, talking])) {
      if (outcome.status === "rejected" && !stop.aborted) throw outcome.reason;
    }
    return { done: this.#done, failed: this.#failed };
  }

  /** The device has to be known at the site before anything else. */
  async #enrol(signal: AbortSignal): Promise<void> {
    const { store, client, around, say } = this.#given;
    const code = this.#isCodeRefused ? undefined : this.#given.code;
    const { name, ...facts } = await around.machine.facts();
    const { stableId, token } = store.state;
    const told = await this.#given.facts();
    const answer = await client.enrol(
      {
        versions: [1],
        stableId,
        platform: "Windows",
        token,
        name,
        facts: { ...facts, ...told },
        ...(code !== undefined && { code }),
      },
      signal,
    );
    if ("retryAfterMs" in answer) {
      say("The site does not know this device yet: somebody has to approve it there.");
      return await around.clock.sleep(answer.retryAfterMs, signal);
    }
    await store.change((state) => enrolled(state, answer));
    say(`Enrolled as ${answer.device}.`);
  }

  async #talk({ once, signal }: { once: boolean; signal: AbortSignal }): Promise<void> {
    const { store, around, say } = this.#given;
    while (!signal.aborted) {
      try {
        if (store.state.device === null) await this.#enrol(signal);
        else if (store.state.outbox.length > 0) await this.#send(signal);
        else if (once && this.#isIdle()) return;
        else await this.#poll(once, signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (once && store.state.device === null) throw error;
        const waitMs = await this.#judge(error);
        say(
          `${error instanceof Error ? error.message : String(error)}. Again in ${Math.round(waitMs / 1000)} s.`,
        );
        await around.clock.sleep(waitMs, signal).catch(() => undefined);
      }
    }
  }

  /** All is done that the site's plan says, and the site knows. */
  #isIdle(): boolean {
    const { state } = this.#given.store;
    if (!this.#plan || this.#isStale || this.#isWorking || state.run) return false;
    if (this.#tells.size > 0 || this.#plan.plan.tell.length > 0 || this.#isAwaiting) return false;
    return !nextWork(this.#plan.plan, state, this.#looked);
  }

  /** What was found is not as it should be, and the site has not said what is done about it. */
  get #isAwaiting(): boolean {
    return [...this.#looked.values()].includes("awaited");
  }

  /** How long to wait after this. */
  async #judge(error: unknown): Promise<number> {
    const { store, around } = this.#given;
    const waitMs = backOffMs(RETRY, this.#failures + 1, around.random());
    this.#failures += 1;
    if (!(error instanceof SiteRefusal)) return waitMs;
    if (error.status === 403 && store.state.device === null) this.#isCodeRefused = true;
    if (error.status === 401 && store.state.nextToken === null) {
      // Removed there, or enrolled in another way: it has to be let in again. What it has to tell is kept.
      await store.change((state) => ({ ...state, device: null }));
    } else if (error.status === 401) {
      // The new token was not taken: the former one still counts.
      await store.change((state) => ({ ...state, nextToken: null }));
    }
    return error.retryAfterMs ?? waitMs;
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { store, client, say } = this.#given;
    await this.#given.around.clock.sleep(GATHER_MS, signal);
    await store.saved(); // A number that is on its way is never given to another result.
    const sent = nextResults(store.state);
    const answer = await client.results(sent, signal);
    for (const { index, reason } of answer.refused) {
      say(`The site refused "${sent[index]?.result}": ${reason}`);
    }
    await store.change((state) => acknowledged(state, sent, answer.sequence));
    if (answer.poll) this.#isStale = true;
    this.#toDo.ring(); // What was looked at may be looked at again.
  }

  async #poll(once: boolean, signal: AbortSignal): Promise<void> {
    const { store, client, say } = this.#given;
    const told = await this.#told(signal);
    const isWaiting =
      !once &&
      told === undefined &&
      !this.#isStale &&
      !this.#isAwaiting &&
      this.#plan !== undefined;
    const waitSeconds = isWaiting ? this.#waitSeconds : 0;
    const woken = new AbortController();
    const either = AbortSignal.any([signal, woken.signal]);
    if (isWaiting) void this.#toSend.wait(either).then(() => woken.abort());
    const startedMs = performance.now();
    try {
      const polled = await client.poll(told?.request, {
        etag: told === undefined ? this.#plan?.etag : undefined,
        waitSeconds,
        signal: either,
      });
      this.#isStale = false;
      if (isWaiting && ++this.#waited % LONGER_AFTER === 0) {
        this.#waitSeconds = Math.min(WAIT_SECONDS_MAX, waitSeconds * 2);
      }
      if (told) await told.done();
      if (polled) {
        const isSame = JSON.stringify(polled.plan) === JSON.stringify(this.#plan?.plan);
        await this.#take(polled);
        // A site that does not wait, or asks again for what it was told just now, would be asked without end.
        const isAskedAgain = isSame && (isWaiting || polled.plan.tell.length > 0);
        if (isAskedAgain) await this.#given.around.clock.sleep(SAME_PLAN_MS, either);
      } else if (this.#isAwaiting && store.state.outbox.length === 0)
        this.#settle(this.#plan?.plan);
      // A once-only agent has nothing to wait for but its own work.
      else if (once && (this.#isWorking || !this.#isIdle())) await this.#toSend.wait(signal);
    } catch (error) {
      if (woken.signal.aborted && !signal.aborted) return; // There is something to send.
      if (told && error instanceof SiteRefusal && NOT_TAKEN.has(error.status)) {
        // The same again would be refused again, and no work would ever come.
        say(`The site does not take what this device tells of itself: ${error.message}`);
        return await told.done();
      }
      if (waitSeconds > WAIT_SECONDS_MIN && performance.now() - startedMs > 2_000) {
        this.#waitSeconds = Math.max(WAIT_SECONDS_MIN, Math.floor(waitSeconds / 2));
        this.#waited = 0;
        say(`A check-in that waited was cut: the next waits for ${this.#waitSeconds} s.`);
      }
      throw error;
    } finally {
      woken.abort();
    }
  }

  async #take(polled: PolledPlan): Promise<void> {
    const { store, around } = this.#given;
    this.#plan = polled;
    this.#looked = new Map();
    for (const tell of polled.plan.tell) this.#tells.add(tell);
    let toStop = false;
    await store.change((state) => {
      const taken = takePlan(state, polled.plan, around.clock.now());
      toStop = taken.toStop;
      return taken.state;
    });
    if (toStop) this.#cancel.abort(new Cancelled("called off"));
    this.#isWorking =
      nextWork(polled.plan, store.state, this.#looked) !== undefined || this.#isWorking;
    this.#toDo.ring();
  }

  /** The site knows what was found, and has no other plan. */
  #settle(plan: AgentPlan | undefined): void {
    for (const work of this.#looked.keys()) this.#looked.set(work, "settled");
    this.#isWorking ||=
      plan !== undefined && nextWork(plan, this.#given.store.state, this.#looked) !== undefined;
    this.#toDo.ring();
  }

  /** What this check-in tells, and what to note when the site has it; undefined: nothing new. [3.3..3.5, 8.2] */
  async #told(
    signal: AbortSignal,
  ): Promise<{ readonly request: PollRequest; done(): Promise<void> } | undefined> {
    const { store, client, around } = this.#given;
    const tells = new Set(this.#tells);
    if (tells.has("token")) {
      const token = store.state.nextToken ?? newToken();
      await store.change((state) => ({ ...state, nextToken: token }));
      await client.announceToken(token, signal);
      await store.change((state) => ({ ...state, token, nextToken: null }));
      this.#tells.delete("token");
    }
    const facts = await this.#given.facts();
    const factsText = JSON.stringify(facts);
    const isNews = factsText !== store.state.toldFacts || tells.has("facts");
    const inventory = tells.has("inventory") ? await around.machine.inventory() : undefined;
    if (!isNews && !inventory) return undefined;
    return {
      request: { ...(isNews && { facts }), ...(inventory && { inventory: fitting(inventory) }) },
      done: async () => {
        for (const tell of tells) if (tell !== "token") this.#tells.delete(tell);
        await store.change((state) => ({ ...state, toldFacts: factsText }));
      },
    };
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { store } = this.#given;
    while (!signal.aborted) {
      const work = this.#plan && nextWork(this.#plan.plan, store.state, this.#looked);
      if (store.state.run) await this.#apply(undefined, signal);
      else if (work?.do === "apply") await this.#apply(work, signal);
      else if (work) await this.#evaluate(work);
      else {
        this.#isWorking = false;
        this.#toSend.ring();
        await this.#toDo.wait(signal);
      }
    }
  }

  async #apply(work: PlanWork | undefined, signal: AbortSignal): Promise<void> {
    const { store, around, look, restarting, say } = this.#given;
    this.#isWorking = true;
    this.#cancel = new AbortController();
    const given = {
      store,
      look,
      restarting,
      say,
      around: { ...around, urlOf: (file: PlanFile) => this.#urlOf(file) },
      reported: () => this.#toSend.ring(),
    };
    const end = await carryOut(work, given, { signal, cancel: this.#cancel.signal });
    if (end === "cancelled") return;
    this.#done += 1;
    if (FAILURES.test(end.result)) this.#failed += 1;
  }

  /** [4.4] */
  async #evaluate(work: PlanWork): Promise<void> {
    const { store, look, around, say } = this.#given;
    this.#isWorking = true;
    const unmet = await unmetMetrics(work.metrics, look);
    const isMet = unmet.length === 0;
    const result = isMet ? "up-to-date" : work.do === "check" ? "drifted" : "provision-needed";
    const text = unmetText(unmet);
    this.#looked.set(work, isMet ? "settled" : "awaited");
    say(`${work.package.name} ${work.package.version}: ${result}${isMet ? "" : ` (${text})`}`);
    await store.change((state) => report(state, work, [{ result, text }], around.clock.now()));
    this.#toSend.ring();
  }

  /** The newest plan has fresh addresses. [4.10] */
  #urlOf({ sha256 }: PlanFile): string | undefined {
    const { run } = this.#given.store.state;
    const files = [...(this.#plan?.plan.work ?? []), ...(run ? [run.work] : [])].flatMap(
      (work) => work.files,
    );
    return files.find((file) => file.sha256 === sha256)?.url;
  }
}

/** A body that the site cannot read, or that is too long for it. [PROTOCOL.md 1.3] */
const NOT_TAKEN: ReadonlySet<number> = new Set([400, 413]);
/** Of a check-in, facts are the rest of. */
const INVENTORY_BYTES_MAX = AGENT_BODY_BYTES_MAX - 64 * 1024;

/** As much of it as a check-in can carry. */
function fitting(inventory: readonly InventoryEntry[]): InventoryEntry[] {
  let bytes = 0;
  return inventory.filter((entry) => {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return bytes <= INVENTORY_BYTES_MAX;
  });
}

const FAILURES = /failed|refused|not-targeted/;
