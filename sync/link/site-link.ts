import type { z } from "zod";
import type { DeviceId, Sha256 } from "../../devices/model/ids.ts";
import type { Log } from "../../devices/ports/log.ts";
import { provisionalIncarnation } from "../../devices/service/register-device.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import {
  CHALLENGE_ANSWER,
  encodeMessage,
  FRAME_ANSWER,
  type FrameAnswer,
  HELLO_ANSWER,
  type HelloAnswer,
  INCARNATIONS_ANSWER,
  type LinkOperation,
  POLL_ANSWER,
} from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { ORG_DOCUMENT } from "../policy/policy-document.ts";
import {
  EMPTY_STATE_VECTOR,
  type LinkPosition,
  type OutboxFrame,
  type SiteIdentity,
  type SiteLinkStore,
} from "../ports/site-link-store.ts";
import { adoptFromHub } from "./adopt.ts";
import { ask, LinkFailure, SessionOver, type Transport } from "./exchange.ts";
import { FrameMaker } from "./frame-maker.ts";
import { helloBody } from "./hello-body.ts";
import { linkUrl } from "./http-transport.ts";
import { confirmed, type Keyring } from "./keyring.ts";
import { linkBackOffMs } from "./link-back-off.ts";
import type { LinkPhase, LinkView } from "./link-view.ts";
import { positionAfter } from "./position-after.ts";

/** How often a live link looks for changes of the site, and asks for changes of policy. */
export const FLUSH_MS = 1000;
export const POLL_MS = 5000;
/** How long an enrolment waits for the hub's word before it takes a provisional number. */
export const INCARNATION_MS_MAX = 2000;
/** An instance is 64 characters at most: what people read, and chance that nobody else draws. */
const INSTANCE_BYTES = 12;
const BOX_CHARACTERS_MAX = 44;
/** A frame refused this often as unreadable is given up, and the site starts a new incarnation. */
const REFUSALS_MAX = 5;

export interface SiteLinkDeps {
  readonly store: SiteLinkStore;
  readonly book: PolicyBook;
  readonly keyring: Keyring;
  readonly identity: SiteIdentity;
  readonly transport: Transport;
  /** Real time, not the test clock. [D16] */
  readonly now: () => number;
  /** The clock that observations are stamped with; *as of* times are in it. */
  readonly siteNow: () => number;
  /** What people call this site, undefined while nobody has said so, and its IANA zone. */
  readonly about: () => { readonly name: string | undefined; readonly timeZone: string };
  /** How a person finds this box, such as its host name and address: alarms say it. */
  readonly box: string;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  /** `FLUSH_MS` and `POLL_MS` unless the role wants them shorter. */
  readonly flushMs: number;
  readonly pollMs: number;
}

/**
 * The site's end of the link: a state machine that does one exchange per `step()`. It keeps nothing
 * in memory that it could not lose; positions, frames and documents are in the store. [PROTOCOL]
 *
 *   hello -> (adopt) -> backfill -> live;   any failure -> waiting -> where it was
 */
export class SiteLink {
  readonly #deps: SiteLinkDeps;
  readonly #maker: FrameMaker;
  /** Names this process; fresh at every start, so that a copy of this site cannot have it. */
  readonly #instance: string;
  #session = "";
  #phase: LinkPhase = "hello";
  #isCut = false;
  #failures = 0;
  #setAsides = 0;
  #refusals = 0;
  #nextPollAtMs = 0;
  #cleanAsOfMs: number | null = null;
  #policyFromStart = false;
  /** The last hello was not believed with the present keys: the hub may know the next ones only. */
  #triesNextKeys = false;
  #connectedSinceMs: number | null = null;
  #clockOffsetMs: number | null = null;
  #lastError: string | null = null;
  #nextStepAtMs: number | null = null;
  #wake: () => void = () => undefined;
  #onConnected: () => void = () => undefined;
  #onKeysChanged: () => Promise<void> = async () => undefined;
  #onTurnedAway: () => void = () => undefined;

  constructor(deps: SiteLinkDeps) {
    this.#deps = deps;
    const chance = Buffer.from(deps.randomBytes(INSTANCE_BYTES)).toString("base64url");
    this.#instance = `${deps.box.slice(0, BOX_CHARACTERS_MAX)} #${chance}`;
    const { book, identity, keyring, siteNow, store } = deps;
    this.#maker = new FrameMaker({ book, identity, store, keyring, now: siteNow });
  }

  /**
   * Does the next exchange with the hub, or finds that there is none to do. Never throws for what the
   * line or the hub does; it waits and says why.
   *
   * @returns in how many milliseconds the next step is due
   */
  async step(): Promise<number> {
    const delayMs = this.#isCut ? this.#deps.pollMs : await this.#tryAdvance();
    this.#nextStepAtMs = this.#deps.siteNow() + delayMs;
    return delayMs;
  }

  /** Takes the line away: no request leaves until `heal()`. For drills, and for metered lines. */
  cut(): void {
    this.#isCut = true;
    this.#endSession("cut");
  }

  heal(): void {
    this.#isCut = false;
    this.#phase = "hello";
    this.#failures = 0;
    this.#wake();
  }

  /** Resolves when something happened that should not wait for the next step. */
  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** `listener` is told whenever the hub has welcomed this site: what waited for the hub can go on. */
  onConnected(listener: () => void): void {
    this.#onConnected = listener;
  }

  /** `listener` is told whenever the hub knows new keys of this site, which hold from then on. */
  onKeysChanged(listener: () => Promise<void>): void {
    this.#onKeysChanged = listener;
  }

  /** `listener` is told when the hub does not take this site by its keys: only a join code helps. */
  onTurnedAway(listener: () => void): void {
    this.#onTurnedAway = listener;
  }

  /** Something is to be said to the hub that should not wait for the next step. */
  wake(): void {
    this.#wake();
  }

  async view(): Promise<LinkView> {
    const { identity, store } = this.#deps;
    const position = await store.position();
    const pending = await store.pending(position.flushedRevision, position.acknowledgedFacts);
    return {
      phase: this.#phase,
      hubUrl: identity.hubUrl,
      incarnation: position.incarnation,
      connectedSinceMs: this.#connectedSinceMs,
      lastAcknowledgedAtMs: position.lastAcknowledgedAtMs,
      pendingRows: pending.rows,
      pendingFacts: pending.facts,
      policyVersion: this.#deps.book.orgVersion,
      clockOffsetMs: this.#clockOffsetMs,
      lastError: this.#lastError,
      nextAttemptAtMs: this.#phase === "live" ? null : this.#nextStepAtMs,
    };
  }

  /** Where and how to fetch content from the hub; undefined while there is no session. */
  contentRequest(
    sha256: Sha256,
  ): { readonly url: string; readonly headers: Readonly<Record<string, string>> } | undefined {
    if (this.#session === "") return undefined;
    return {
      url: linkUrl(this.#deps.identity.hubUrl, `content/${sha256}`),
      headers: { "outpost-session": this.#session },
    };
  }

  /**
   * The incarnation of a device that enrols here (again): the hub's when it answers in time, else a
   * provisional one, which sorts after the last and before the hub's next. [D11, PROTOCOL 6.7]
   */
  async issueIncarnation(
    device: DeviceId,
    last: number | undefined,
    sleep: (ms: number) => Promise<void>,
  ): Promise<number> {
    const provisional = provisionalIncarnation(last);
    if (this.#session === "") return provisional;
    const asked = this.#ask("incarnations", { devices: [device] }, INCARNATIONS_ANSWER).then(
      ({ issued }) => issued[0]?.incarnation ?? provisional,
      () => provisional, // The line, the hub, the session: whatever it is, the device need not wait.
    );
    const late = sleep(INCARNATION_MS_MAX).then(() => provisional);
    return Math.max(await Promise.race([asked, late]), provisional);
  }

  async #tryAdvance(): Promise<number> {
    try {
      const delayMs = await this.#advance();
      this.#failures = 0;
      return delayMs;
    } catch (error) {
      return this.#wait(error);
    }
  }

  async #advance(): Promise<number> {
    const { flushMs, now, store } = this.#deps;
    if (this.#session === "") return this.#sayHello();
    if (now() >= this.#nextPollAtMs) await this.#poll();
    if (this.#session === "") return 0; // The answer showed that this session cannot go on.
    const frame = await store.oldestFrame();
    if (frame !== undefined) return this.#sendFrame(frame);
    const made = await this.#maker.make(await store.position());
    this.#cleanAsOfMs = made.cleanAsOfMs;
    if (made.frame) return 0;
    if (made.cleanAsOfMs === null) return 0; // Rows were looked at and need no frame: look again.
    this.#phase = "live";
    return flushMs;
  }

  async #sayHello(): Promise<number> {
    this.#phase = "hello";
    const { identity, now, siteNow, store } = this.#deps;
    const { challenge } = await this.#ask("challenge", { site: identity.site }, CHALLENGE_ANSWER);
    const position = await store.position();
    const who = { site: identity.site, challenge, instance: this.#instance, timeMs: siteNow() };
    const answer = await this.#askHello(who, position);
    this.#clockOffsetMs = siteNow() - answer.timeMs;
    if (answer.verdict === "refused") return this.#refused(answer);
    this.#session = answer.session;
    if (answer.verdict === "adopt") {
      this.#deps.log.info("link-adopts", {
        reason: answer.reason,
        incarnation: answer.incarnation,
      });
      await adoptFromHub({ ...this.#deps, ask: (...request) => this.#ask(...request) }, answer);
    } else {
      const startAnew = position.startAnew || answer.startAnew;
      await store.commit({
        position: {
          ...position,
          acknowledgedFacts: answer.facts,
          startAnew,
          flushedRevision: startAnew ? 0 : position.flushedRevision,
        },
      });
    }
    this.#maker.restart();
    this.#phase = "backfill";
    this.#connectedSinceMs = siteNow();
    this.#nextPollAtMs = now();
    this.#lastError = null;
    this.#onConnected();
    return 0;
  }

  /** Keys that the hub has believed are known there: the next ones hold from then on. [PROTOCOL 1.11] */
  async #askHello(
    who: Parameters<typeof helloBody>[0],
    position: LinkPosition,
  ): Promise<HelloAnswer> {
    const { keyring, siteNow, store } = this.#deps;
    const isNext = this.#triesNextKeys && keyring.ring.next !== null;
    const body = helloBody(who, position, await store.restored(), keyring.signer(isNext));
    let answer: HelloAnswer;
    try {
      answer = await this.#ask("hello", body, HELLO_ANSWER);
    } catch (error) {
      if (error instanceof SessionOver) {
        this.#triesNextKeys = !isNext;
        if (isNext || keyring.ring.next === null) this.#onTurnedAway();
      }
      throw error;
    }
    this.#triesNextKeys = false;
    if (isNext) {
      await keyring.confirm(siteNow());
      await this.#keysChanged();
    }
    return answer;
  }

  async #keysChanged(): Promise<void> {
    this.#deps.log.info("link-keys-changed", {});
    await this.#deps.book.resealSecrets();
    await this.#onKeysChanged();
  }

  #refused(answer: Extract<HelloAnswer, { verdict: "refused" }>): number {
    this.#endSession("refused");
    this.#lastError = answer.message;
    this.#deps.log.warn("link-refused", { code: answer.code });
    if (answer.code === "revoked") this.#onTurnedAway();
    return linkBackOffMs(1, this.#deps.random, answer.retryAfterMs);
  }

  async #sendFrame(frame: OutboxFrame): Promise<number> {
    const { store } = this.#deps;
    let answer: FrameAnswer;
    try {
      answer = await this.#askBytes("frame", frame.bytes, FRAME_ANSWER);
    } catch (error) {
      await this.#countRefusal(frame, error);
      throw error;
    }
    this.#refusals = 0;
    const position = await store.position();
    if (answer.verdict === "fenced" || answer.verdict === "expected") {
      const reason = answer.verdict === "fenced" ? answer.reason : "the hub lacks earlier frames";
      await this.#startOver(position, reason);
      return 0;
    }
    const after = positionAfter(position, frame, answer, this.#deps.siteNow());
    if (frame.kind === "keys") return this.#keysAnswered(after, answer);
    await store.commit({ position: after, dropFramesThrough: frame.seq });
    // Rows go before the facts that moved them: the journal waits for the document that begins anew.
    if (answer.startAnew) this.#maker.restart();
    if (answer.verdict === "taken") {
      this.#setAsides = 0;
      return 0;
    }
    this.#setAsides += 1;
    this.#lastError = `the hub set a ${frame.kind} frame aside: ${answer.reason}`;
    this.#deps.log.warn("link-frame-set-aside", { seq: frame.seq, reason: answer.reason });
    return linkBackOffMs(this.#setAsides, this.#deps.random, 0);
  }

  /** The hub knows the new keys now, or will not have them: they hold, or are dropped. [PROTOCOL 1.8] */
  async #keysAnswered(
    position: LinkPosition,
    answer: Extract<FrameAnswer, { verdict: "taken" | "set-aside" }>,
  ): Promise<number> {
    const { keyring, siteNow, store } = this.#deps;
    const isTaken = answer.verdict === "taken";
    const problem = `the hub refused the new keys: ${answer.reason}`;
    const dropFramesThrough = position.acknowledgedFrame;
    await keyring.change(
      (ring) => (isTaken ? confirmed(ring, siteNow()) : { ...ring, next: null, problem }),
      (after) => store.commit({ position, dropFramesThrough, keyring: after }),
    );
    if (!isTaken) {
      this.#lastError = problem;
      this.#deps.log.warn("link-keys-refused", { reason: answer.reason });
      return 0;
    }
    await this.#keysChanged();
    this.#endSession("hello"); // The hub drops the former keys when it hears the new ones.
    return 0;
  }

  /** A frame that arrives unreadable again and again was damaged here: its content is sent anew. */
  async #countRefusal(frame: OutboxFrame, error: unknown): Promise<void> {
    if (!(error instanceof LinkFailure) || ![400, 413, 422].includes(error.status)) return;
    this.#refusals += 1;
    if (this.#refusals < REFUSALS_MAX) return;
    this.#refusals = 0;
    // A hub that cannot read what announces keys would never take anything else.
    if (frame.kind === "keys") {
      await this.#deps.keyring.giveUp(`the hub cannot read new keys: ${error.message}`);
    }
    await this.#startOver(await this.#deps.store.position(), error.message);
  }

  /** The next hello asks for a new incarnation. */
  async #startOver(position: LinkPosition, reason: string): Promise<void> {
    this.#deps.log.warn("link-starts-over", { reason });
    this.#lastError = reason;
    await this.#deps.store.commit({ position: { ...position, mustAdopt: true } });
    this.#endSession("hello");
  }

  async #poll(): Promise<void> {
    const { book, now, pollMs, store } = this.#deps;
    const cursor = this.#policyFromStart
      ? EMPTY_STATE_VECTOR
      : Buffer.from(book.stateVector(ORG_DOCUMENT)).toString("base64");
    const body = {
      cursor,
      confirmed: this.#policyFromStart ? 0 : book.orgVersion,
      asOfMs: this.#cleanAsOfMs,
      ...this.#deps.about(),
    };
    const answer = await this.#ask("poll", body, POLL_ANSWER);
    this.#nextPollAtMs = now() + pollMs;
    const position = await store.position();
    if (answer.acknowledgedFrame < position.acknowledgedFrame) {
      await this.#startOver(position, "the hub is behind what it has acknowledged");
      return;
    }
    if (answer.startAnew) await this.#beginStatusAnew(position);
    if (!book.needsFormerKeys) await this.#deps.keyring.forgetFormer();
    if (answer.update === null) return;
    const update = new Uint8Array(Buffer.from(answer.update, "base64"));
    try {
      await book.receive(ORG_DOCUMENT, update, answer.replace || this.#policyFromStart);
      this.#policyFromStart = false;
      this.#nextPollAtMs = now(); // The hub hears at once that it is confirmed.
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#policyFromStart = true;
      this.#lastError = `the hub's policy cannot be read: ${error.message}`;
      this.#deps.log.warn("link-policy-refused", { rule: error.rule });
    }
  }

  async #beginStatusAnew(position: LinkPosition): Promise<void> {
    if (position.startAnew || position.frameSeq !== position.acknowledgedFrame) return;
    await this.#deps.store.commit({
      position: { ...position, startAnew: true, flushedRevision: 0 },
    });
    this.#maker.restart();
  }

  #wait(error: unknown): number {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#failures += 1;
    this.#lastError = failure.message;
    this.#maker.restart(); // Whatever was half done is read from the store again.
    const isOver = error instanceof SessionOver && this.#session !== "";
    this.#endSession(this.#isCut ? "cut" : "waiting");
    if (isOver && this.#failures === 1) return 0;
    if (!(error instanceof LinkFailure)) this.#deps.log.error("link-step-failed", error);
    const retryAfterMs = error instanceof LinkFailure ? error.retryAfterMs : 0;
    return linkBackOffMs(this.#failures, this.#deps.random, retryAfterMs);
  }

  #endSession(phase: LinkPhase): void {
    this.#session = "";
    this.#phase = phase;
    this.#connectedSinceMs = null;
    this.#cleanAsOfMs = null;
  }

  #ask<Schema extends z.ZodType>(
    operation: LinkOperation,
    body: unknown,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    return this.#askBytes(operation, encodeMessage(body), schema);
  }

  #askBytes<Schema extends z.ZodType>(
    operation: LinkOperation,
    body: Uint8Array,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const { identity, randomBytes, transport } = this.#deps;
    const request = { operation, session: this.#session, body };
    return ask(transport, request, schema, identity.hubPublicKey, randomBytes);
  }
}
