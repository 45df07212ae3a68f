import { outlineUnreadable } from "../../protocols/syncml/outline-unreadable.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import type { RecordedSession, SessionRecording } from "../model/recorded-session.ts";
import type { Log } from "../ports/log.ts";
import type { Exchange, SessionRecorder, UnreadableMessage } from "../ports/session-recorder.ts";
import type { SessionRecords } from "../ports/session-records.ts";
import { SESSION_LIFE_MS } from "../service/stored-session.ts";
import { Budget } from "./budget.ts";
import { NOT_RECORDED, REPLACED } from "./reasons.ts";
import { Recording } from "./recording.ts";

/** What is new is written so long after it was seen; a crash loses as much. */
export const WRITE_DELAY_MS = 1_000;
/** After the records could not be written, nothing is recorded for so long. */
export const PAUSE_MS = 60_000;
/** Bytes of messages that wait to be looked at; what comes on top is not recorded. */
export const BYTES_SEEN_MAX = 16 * 1024 * 1024;
/** Bytes of messages that wait to be written, or to be known to be wanted: then that is decided at once. */
export const BYTES_WAITING_MAX = 16 * 1024 * 1024;
/**
 * Sessions that are recorded at once, and of each second after that: writing one takes about a third of
 * a millisecond. Of those that come on top, in a rush, the ones with a problem are recorded, as many again.
 */
export const SESSIONS_AT_ONCE = 300;
export const SESSIONS_PER_SECOND = 30;
/**
 * The same of messages that cannot be read, and once more of sessions in which nobody has authenticated:
 * anybody can send them, and must not push out what devices did.
 */
export const STRANGERS_AT_ONCE = 50;
export const STRANGERS_PER_SECOND = 5;
/** Sessions of one transaction: a few milliseconds in which nobody is answered. */
export const SESSIONS_PER_WRITE = 20;
/** Sessions under way that are held in memory; the longest silent one is written and let go. */
export const SESSIONS_HELD_MAX = 10_000;

export interface SessionSightOptions {
  /** Waits while they are being opened; undefined when they cannot be. */
  readonly records: () => Promise<SessionRecords | undefined>;
  readonly recording: () => SessionRecording;
  readonly findDevice: (externalId: string) => Promise<DeviceId | undefined>;
  /** Throws AppError "no-room" when the disk must not be filled any more. */
  readonly checkRoom: () => Promise<void>;
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed: () => number;
  /** Runs something later, by real time. */
  readonly later: (milliseconds: number, run: () => void) => void;
  /** So many exchanges were not recorded. */
  readonly onLost: (count: number) => void;
  readonly log: Log;
}

interface SeenExchange {
  readonly kind: "exchange";
  readonly exchange: Exchange;
  /** Recording was off when it was seen: only what goes on is recorded. */
  readonly wasOff: boolean;
}

/** Of one device: its session, and one that has not proved yet that it is the device's. */
interface Held {
  own: Recording | undefined;
  stranger: Recording | undefined;
}

/** What was seen, in order. */
type Seen = SeenExchange | { readonly kind: "unreadable"; readonly message: UnreadableMessage };

/**
 * Records sessions beside the work: the door hands over what it saw and goes on. A little later the
 * messages are masked, put together to sessions, and written many at once. Whatever goes wrong here
 * costs records, never a session.
 */
export class SessionSight implements SessionRecorder {
  readonly #options: SessionSightOptions;
  #seen: Seen[] = [];
  #bytesSeen = 0;
  /** Bytes of messages that are not written yet, at most. */
  #unwritten = 0;
  readonly #any = new Budget(SESSIONS_AT_ONCE, SESSIONS_PER_SECOND);
  readonly #problems = new Budget(SESSIONS_AT_ONCE, SESSIONS_PER_SECOND);
  readonly #unreadable = new Budget(STRANGERS_AT_ONCE, STRANGERS_PER_SECOND);
  readonly #strangers = new Budget(STRANGERS_AT_ONCE, STRANGERS_PER_SECOND);
  readonly #held = new Map<string, Held>();
  /** Recordings that are over for us, and not written yet. */
  #done: Recording[] = [];
  #nextId: number | undefined;
  #working: Promise<void> = Promise.resolve();
  #isLooking = false;
  #isWriting = false;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  #lost = 0;
  /** What was last recorded while recording was on: what was seen then is written, though it is off now. */
  #wanted: "all" | "problems" = "all";

  constructor(options: SessionSightOptions) {
    this.#options = options;
  }

  /** Why nothing is recorded now, in words; null when it is. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Exchanges since the start that were not recorded, because there were too many or no room. */
  get lost(): number {
    return this.#lost;
  }

  record(exchange: Exchange): void {
    this.#see({ kind: "exchange", exchange, wasOff: this.#isOff });
  }

  recordUnreadable(message: UnreadableMessage): void {
    if (this.#isOff) return;
    // Anybody can send them, as fast as the line allows.
    if (this.#unreadable.takes(this.#options.elapsed())) this.#see({ kind: "unreadable", message });
    else this.#lose(1);
  }

  /** Writes all that was seen so far, so that whoever asks now finds it. */
  async flush(): Promise<void> {
    this.#isLooking = true;
    this.#working = this.#working.then(() => this.#lookAtAll()).then(() => this.#write());
    await this.#working;
  }

  get #isOff(): boolean {
    return this.#options.recording().record === "off";
  }

  #lose(count: number): void {
    this.#lost += count;
    if (count > 0) this.#options.onLost(count);
  }

  #see(seen: Seen): void {
    const { record } = this.#options.recording();
    if (record !== "off") this.#wanted = record;
    else if (!this.#mayGoOn(seen)) return;
    const isPaused = this.#pausedUntilMs > this.#options.elapsed();
    if (isPaused || this.#bytesSeen >= BYTES_SEEN_MAX) {
      this.#lose(1);
      return;
    }
    this.#seen.push(seen);
    this.#bytesSeen += bytesOf(seen);
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#options.later(0, () => {
      this.#working = this.#working.then(() => this.#lookAtAll());
    });
  }

  /** A session in the middle of which recording is switched off is recorded to its end. */
  #mayGoOn(seen: Seen): boolean {
    if (seen.kind === "unreadable" || seen.exchange.outcome.kind !== "answered") return false;
    return this.#held.has(seen.exchange.outcome.course.device);
  }

  async #lookAtAll(): Promise<void> {
    const records = await this.#options.records();
    this.#isLooking = false;
    const seen = this.#seen;
    this.#seen = [];
    this.#bytesSeen = 0;
    if (records === undefined) {
      this.#lose(seen.length);
      return;
    }
    for (const one of seen) {
      try {
        if (one.kind === "exchange") await this.#lookAt(one, records);
        else await this.#lookAtUnreadable(one.message, records);
      } catch (error) {
        this.#options.log.error("session-not-recorded", error);
      }
    }
    if (this.#unwritten >= BYTES_WAITING_MAX) await this.#write();
    else if (!this.#isWriting && seen.length > 0) {
      this.#isWriting = true;
      this.#options.later(WRITE_DELAY_MS, () => {
        this.#working = this.#working.then(() => this.#write());
      });
    }
  }

  async #lookAt({ exchange, wasOff }: SeenExchange, records: SessionRecords): Promise<void> {
    const { outcome, request } = exchange;
    const externalId = request.message.header.source.uri.trim();
    const device =
      outcome.kind === "answered"
        ? outcome.course.device
        : await this.#options.findDevice(externalId);
    // Strangers have the list of those who knocked.
    if (device === undefined) return;
    const held = this.#heldOf(device);
    if (wasOff && heldFor(exchange, held) === undefined) return;
    const { sessionId } = request.message.header;
    const begin = () =>
      Recording.begin({
        id: this.#newId(records),
        device,
        externalId,
        sessionId,
        startedAtMs: exchange.atMs,
        address: exchange.address,
        encoding: exchange.encoding,
      });

    if (outcome.kind === "turned-away") {
      // Somebody who goes on guessing gets one entry and not hundreds.
      const last = held.stranger;
      const isAgain = last?.session.outcome === "refused" && isRecent(last.session, exchange.atMs);
      const stranger = isAgain ? last : this.#replace(held, "stranger", begin());
      this.#unwritten += stranger.add(exchange);
      return;
    }
    this.#unwritten += this.#recordingFor(exchange, held, records, begin).add(exchange);
  }

  #recordingFor(
    exchange: Exchange,
    held: Held,
    records: SessionRecords,
    begin: () => Recording,
  ): Recording {
    const { outcome, request } = exchange;
    if (outcome.kind !== "answered") throw new Error("there was no answer");
    const { continues, device, events, turn } = outcome.course;
    const { sessionId } = request.message.header;
    const known = heldFor(exchange, held);

    if (continues || turn === "repeat") {
      if (known !== undefined) return known;
      const stored = records.latest(device);
      const isStored = stored?.session.sessionId === sessionId;
      return this.#replace(held, "own", isStored ? Recording.resume(stored) : begin());
    }
    if (!events.some(({ kind }) => kind === "authenticated")) {
      return known ?? this.#replace(held, "stranger", begin());
    }
    // It is the device's own session from now on, challenge and all.
    held.stranger = known === undefined ? held.stranger : undefined;
    return this.#replace(held, "own", known ?? begin());
  }

  async #lookAtUnreadable(message: UnreadableMessage, records: SessionRecords): Promise<void> {
    const { source = "" } = outlineUnreadable(message.bytes, message.encoding);
    const device = (await this.#options.findDevice(source)) ?? null;
    const recording = Recording.begin({
      id: this.#newId(records),
      device,
      externalId: device === null ? "" : source,
      sessionId: "",
      startedAtMs: message.atMs,
      address: message.address,
      encoding: message.encoding,
    });
    recording.isAdmitted = true;
    this.#unwritten += recording.addUnreadable(message);
    this.#done.push(recording);
  }

  /** @returns `next`, in the place of what was there before, which is over */
  #replace(held: Held, place: keyof Held, next: Recording): Recording {
    const before = held[place];
    if (before !== undefined) {
      if (before.draft.isRunning) {
        before.draft.end("cut", before.session.reason ?? REPLACED);
        before.isChanged = true;
      }
      this.#done.push(before);
    }
    held[place] = next;
    return next;
  }

  #heldOf(device: DeviceId): Held {
    const known = this.#held.get(device);
    const held: Held = known ?? { own: undefined, stranger: undefined };
    // The last in order is the one last heard of.
    this.#held.delete(device);
    this.#held.set(device, held);
    if (this.#held.size > SESSIONS_HELD_MAX) {
      const [oldest] = this.#held;
      if (oldest !== undefined) this.#letGo(...oldest);
    }
    return held;
  }

  #letGo(device: string, held: Held): void {
    this.#held.delete(device);
    for (const one of [held.own, held.stranger]) if (one !== undefined) this.#done.push(one);
  }

  #newId(records: SessionRecords): number {
    const id = this.#nextId ?? records.lastId() + 1;
    this.#nextId = id + 1;
    return id;
  }

  *#all(): Generator<Recording> {
    yield* this.#done;
    for (const { own, stranger } of this.#held.values()) {
      if (own !== undefined) yield own;
      if (stranger !== undefined) yield stranger;
    }
  }

  async #write(): Promise<void> {
    this.#isWriting = false;
    const { now, recording } = this.#options;
    const records = await this.#options.records();
    if (records === undefined) return;
    const nowMs = now();
    const keep = recording();
    const isTooMuch = this.#unwritten >= BYTES_WAITING_MAX;
    const isLetGo = new Set(this.#done);
    const wanted: Recording[] = [];
    for (const one of this.#all()) {
      if (!one.isChanged) continue;
      one.isAdmitted ||= this.#admits(one.session, nowMs);
      if (one.isAdmitted) wanted.push(one);
      else if (!one.draft.isRunning || isTooMuch || isLetGo.has(one)) {
        one.discard();
        if (this.#wanted === "all") this.#lose(1);
      }
    }
    this.#done = [];
    this.#forgetSilent(nowMs);
    if (wanted.length > 0) await this.#writeThese(wanted, records, keep);
    this.#unwritten = 0;
    for (const one of this.#all()) this.#unwritten += one.bytesWaiting;
  }

  async #writeThese(
    wanted: readonly Recording[],
    records: SessionRecords,
    keep: SessionRecording,
  ): Promise<void> {
    const { checkRoom, log } = this.#options;
    try {
      await checkRoom();
      for (let from = 0; from < wanted.length; from += SESSIONS_PER_WRITE) {
        const some = wanted.slice(from, from + SESSIONS_PER_WRITE);
        records.write(
          some.map((one) => one.nextWrite()),
          keep,
        );
        for (const one of some) one.wasWritten();
        await this.#breath();
      }
      this.#problem = null;
    } catch (error) {
      this.#lose(wanted.filter(({ isChanged }) => isChanged).length);
      this.#pausedUntilMs = this.#options.elapsed() + PAUSE_MS;
      this.#letAllGo(wanted);
      this.#problem = error instanceof AppError ? error.message : "The records cannot be written.";
      log.warn("session-recording-paused", { why: error instanceof Error ? error.message : "" });
    }
  }

  /** What has a row is written once more after the pause, with the reason why it does not go on. */
  #letAllGo(wanted: readonly Recording[]): void {
    for (const one of new Set([...wanted, ...this.#all()])) {
      const isUnfinished = one.isChanged || one.draft.isRunning;
      one.discard();
      if (!one.hasRow || !isUnfinished) continue;
      if (one.draft.isRunning) one.draft.explain(NOT_RECORDED);
      one.isChanged = true;
      this.#done.push(one);
    }
    this.#held.clear();
  }

  /** A session with a problem is worth more than one without. */
  #admits(session: RecordedSession, nowMs: number): boolean {
    const isCut = session.outcome === "running" && !isRecent(session, nowMs);
    const isProblem = session.hasProblem || isCut;
    const atMs = this.#options.elapsed();
    if (this.#wanted === "problems" && !isProblem) return false;
    if (!session.authenticated) return this.#strangers.takes(atMs);
    if (this.#wanted === "all" && this.#any.takes(atMs)) return true;
    return isProblem && this.#problems.takes(atMs);
  }

  /** Lets devices be answered in between. */
  #breath(): Promise<void> {
    return new Promise((resolve) => this.#options.later(0, resolve));
  }

  /** What is over stays for a while, in case the device asks for the last answer again. */
  #forgetSilent(nowMs: number): void {
    for (const [device, held] of this.#held) {
      const last = Math.max(lastOf(held.own), lastOf(held.stranger));
      if (nowMs - last <= SESSION_LIFE_MS) return; // In order of when they were last heard of.
      this.#held.delete(device);
    }
  }
}

/** The recording of the session that an exchange belongs to, where it is held. */
function heldFor({ outcome, request }: Exchange, held: Held): Recording | undefined {
  if (outcome.kind !== "answered") return undefined;
  const { continues, turn } = outcome.course;
  const { sessionId } = request.message.header;
  const isOf = (one: Recording | undefined) => one?.session.sessionId === sessionId;
  if (continues || turn === "repeat") {
    const isStranger = turn === "repeat" && isOf(held.stranger) && !isOf(held.own);
    const known = isStranger ? held.stranger : held.own;
    return isOf(known) ? known : undefined;
  }
  return isOf(held.stranger) && held.stranger?.draft.isRunning ? held.stranger : undefined;
}

function bytesOf(seen: Seen): number {
  if (seen.kind === "unreadable") return seen.message.bytes.length;
  const { outcome, request } = seen.exchange;
  return request.bytes.length + (outcome.kind === "answered" ? outcome.answer.bytes.length : 0);
}

function isRecent(session: RecordedSession, nowMs: number): boolean {
  return nowMs - session.lastAtMs <= SESSION_LIFE_MS;
}

function lastOf(one: Recording | undefined): number {
  return one?.session.lastAtMs ?? Number.NEGATIVE_INFINITY;
}
