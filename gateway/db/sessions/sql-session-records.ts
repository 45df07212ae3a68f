import type { DeviceId } from "../../../devices/model/ids.ts";
import {
  type RecordedMessage,
  type RecordedSession,
  SESSION_OUTCOMES,
  type SessionRecording,
} from "../../../devices/model/recorded-session.ts";
import type {
  SessionQuery,
  SessionRecords,
  SessionWrite,
  Unanswered,
} from "../../../devices/ports/session-records.ts";
import { SESSION_LIFE_MS } from "../../../devices/service/stored-session.ts";
import { asOf } from "../../../devices/sight/reasons.ts";
import type { Connection } from "../driver/connection.ts";
import { DatabaseDamagedError } from "../driver/database-error.ts";
import { PARTS_PER_SESSION } from "./session-file.ts";

/** Sessions that nobody has authenticated, of each device: whoever knows its name can begin some. */
export const STRANGER_SESSIONS_MAX = 10;
/** Unreadable messages that say that they are from no device that is known. */
export const NAMELESS_SESSIONS_MAX = 20;
/** Sessions that are let go at a time where there are too many bytes. */
const SESSIONS_PER_SWEEP = 100;
const MEGABYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Pages given back to the disk at a time: 4 MiB. */
const PAGES_PER_SWEEP = 1_000;

const RUNNING = codeOf("running");
const CUT = codeOf("cut");
const COLUMNS = "id, summary";
const FIRST = "started_ms <= ? AND device = ? AND stranger = 0";

/** Recorded sessions in a file of their own, which is begun anew when it turns out to be damaged. */
export class SqlSessionRecords implements SessionRecords, Disposable {
  #connection: Connection;
  readonly #renew: () => Connection;

  constructor(connection: Connection, renew: () => Connection) {
    this.#connection = connection;
    this.#renew = renew;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  lastId(): number {
    return this.#number("SELECT seq FROM sqlite_sequence WHERE name = 'sessions'");
  }

  write(writes: readonly SessionWrite[], keep: SessionRecording): void {
    try {
      this.#writeAll(writes, keep);
    } catch (error) {
      if (error instanceof DatabaseDamagedError) {
        this.#connection.close();
        this.#connection = this.#renew();
      }
      throw error;
    }
  }

  #writeAll(writes: readonly SessionWrite[], keep: SessionRecording): void {
    this.#connection.atomically(() => {
      const written = new Map<string, () => void>();
      for (const { session, messages, unanswered } of writes) {
        const device = session.device === null ? NO_DEVICE : bytesOf(session.device);
        this.#writeSession(session, device, unanswered);
        if (messages.length > 0) this.#writeMessages(session, messages);
        // One that is written late, or that is the device's own meanwhile, is one more as well.
        const stranger = isStranger(session);
        written.set(`${session.device} ${stranger}`, () =>
          this.#dropOldest(device, stranger, keep),
        );
      }
      for (const drop of written.values()) drop();
    });
    this.#dropBytes(keep);
  }

  list(query: SessionQuery, nowMs: number) {
    const { where, values } = conditionsOf(query, nowMs);
    const total = this.#number(`SELECT count(*) FROM sessions WHERE ${where}`, ...values);
    const found = this.#sessions(
      `SELECT ${COLUMNS} FROM sessions WHERE ${where} AND id < ? ORDER BY id DESC LIMIT ?`,
      nowMs,
      ...values,
      query.before ?? Number.MAX_SAFE_INTEGER,
      query.limit + 1,
    );
    const rows = found.slice(0, query.limit);
    return { rows, total, next: found.length > rows.length ? rows.at(-1)?.id : undefined };
  }

  find(id: number, nowMs: number): RecordedSession | undefined {
    return this.#sessions(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`, nowMs, id)[0];
  }

  messages(id: number, from: number, limit: number): readonly RecordedMessage[] {
    const parts = this.#connection
      .prepare("SELECT id, count FROM messages WHERE id >= ? AND id < ? ORDER BY id")
      .rows(id * PARTS_PER_SESSION, (id + 1) * PARTS_PER_SESSION);
    const body = this.#connection.prepare("SELECT body FROM messages WHERE id = ?");
    const found: RecordedMessage[] = [];
    let at = 0;
    for (const [part, count] of parts) {
      const end = at + Number(count);
      if (end > from && at < from + limit) {
        const messages = unpackMessages(body.rows(Number(part))[0]?.[0]);
        found.push(...messages.slice(Math.max(0, from - at), from + limit - at));
      }
      at = end;
    }
    return found;
  }

  around(device: DeviceId, atMs: number, nowMs: number): RecordedSession | undefined {
    return this.#sessions(
      `SELECT ${COLUMNS} FROM sessions WHERE ${FIRST} ORDER BY id DESC LIMIT 1`,
      nowMs,
      atMs,
      bytesOf(device),
    )[0];
  }

  latest(device: DeviceId): Omit<SessionWrite, "messages"> | undefined {
    return this.#stored(
      `SELECT ${COLUMNS} FROM sessions WHERE device = ? AND stranger = 0 ORDER BY id DESC LIMIT 1`,
      bytesOf(device),
    )[0];
  }

  prune(keep: SessionRecording, nowMs: number): number {
    const before = this.#number("SELECT count(*) FROM sessions");
    this.#run("DELETE FROM sessions WHERE last_ms < ?", nowMs - keep.days * DAY_MS);
    const devices = this.#connection.prepare("SELECT DISTINCT device FROM sessions").rows();
    for (const [device] of devices) {
      if (!(device instanceof Uint8Array)) continue;
      for (const stranger of [0, 1] as const) this.#dropOldest(device, stranger, keep);
    }
    this.#dropBytes(keep);
    for (let free = this.#pragma("freelist_count"); free > 0; free -= PAGES_PER_SWEEP) {
      this.#connection.exec(`PRAGMA incremental_vacuum(${PAGES_PER_SWEEP})`);
    }
    return before - this.#number("SELECT count(*) FROM sessions");
  }

  size(): number {
    const pages = this.#pragma("page_count") - this.#pragma("freelist_count");
    return pages * this.#pragma("page_size");
  }

  #writeSession(
    session: RecordedSession,
    device: Uint8Array,
    unanswered: Unanswered | undefined,
  ): void {
    this.#run(
      `INSERT INTO sessions (id, device, stranger, started_ms, last_ms, outcome, problem, summary)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET stranger = excluded.stranger,
       last_ms = excluded.last_ms, outcome = excluded.outcome, problem = excluded.problem,
       summary = excluded.summary`,
      session.id,
      device,
      isStranger(session),
      session.startedAtMs,
      session.lastAtMs,
      codeOf(session.outcome),
      session.hasProblem ? 1 : 0,
      compressed(Buffer.from(JSON.stringify({ ...session, unanswered }))),
    );
  }

  /** The last messages of a session; how many there were before tells their place. */
  #writeMessages(session: RecordedSession, messages: readonly RecordedMessage[]): void {
    const before = session.messages - session.messagesNotKept - messages.length;
    this.#run(
      "INSERT OR REPLACE INTO messages (id, count, body) VALUES (?, ?, ?)",
      session.id * PARTS_PER_SESSION + Math.min(Math.max(before, 0), PARTS_PER_SESSION - 1),
      messages.length,
      packMessages(messages),
    );
  }

  #dropOldest(device: Uint8Array, stranger: 0 | 1, { perDevice }: SessionRecording): void {
    const strangers = device.length === 0 ? NAMELESS_SESSIONS_MAX : STRANGER_SESSIONS_MAX;
    this.#run(
      `DELETE FROM sessions WHERE device = ? AND stranger = ? AND id <= (SELECT id FROM sessions
       WHERE device = ? AND stranger = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
      device,
      stranger,
      device,
      stranger,
      stranger === 0 ? perDevice : Math.min(strangers, perDevice),
    );
  }

  #dropBytes({ megabytes }: SessionRecording): void {
    while (this.size() > megabytes * MEGABYTE) {
      const { changes } = this.#connection
        .prepare("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions ORDER BY id LIMIT ?)")
        .run(SESSIONS_PER_SWEEP);
      if (changes === 0) return;
    }
  }

  #sessions(
    sql: string,
    nowMs: number,
    ...values: readonly (number | Uint8Array)[]
  ): RecordedSession[] {
    return this.#stored(sql, ...values).map(({ session }) => asOf(session, nowMs));
  }

  #stored(
    sql: string,
    ...values: readonly (number | Uint8Array)[]
  ): Omit<SessionWrite, "messages">[] {
    return this.#connection
      .prepare(sql)
      .rows(...values)
      .map(([, summary]) => {
        const { unanswered, ...session } = JSON.parse(
          uncompressed(summary).toString("utf8"),
        ) as RecordedSession & Pick<SessionWrite, "unanswered">;
        return { session, unanswered };
      });
  }

  #number(sql: string, ...values: readonly (number | Uint8Array)[]): number {
    return Number(this.#connection.prepare(sql).rows(...values)[0]?.[0] ?? 0);
  }

  #pragma(name: "page_count" | "freelist_count" | "page_size"): number {
    return this.#number(`PRAGMA ${name}`);
  }

  #run(sql: string, ...values: readonly (number | Uint8Array)[]): void {
    this.#connection.prepare(sql).run(...values);
  }
}

const NO_DEVICE = new Uint8Array(0);

function bytesOf(device: DeviceId): Uint8Array {
  return Buffer.from(device, "hex");
}

function codeOf(outcome: RecordedSession["outcome"]): number {
  return SESSION_OUTCOMES.indexOf(outcome);
}

/** A session that was silent for too long is cut, whatever was written of it. */
function conditionsOf({ device, hasProblem, outcome }: SessionQuery, nowMs: number) {
  const terms: string[] = ["1"];
  const values: (number | Uint8Array)[] = [];
  const silentSinceMs = nowMs - SESSION_LIFE_MS;
  const add = (term: string, ...more: readonly (number | Uint8Array)[]) => {
    terms.push(term);
    values.push(...more);
  };
  if (device !== undefined) add("device = ?", bytesOf(device));
  if (outcome === "running") add("outcome = ? AND last_ms >= ?", RUNNING, silentSinceMs);
  else if (outcome === "cut") {
    add("(outcome = ? OR (outcome = ? AND last_ms < ?))", CUT, RUNNING, silentSinceMs);
  } else if (outcome !== undefined) add("outcome = ?", codeOf(outcome));
  if (hasProblem === true) {
    add("(problem = 1 OR (outcome = ? AND last_ms < ?))", RUNNING, silentSinceMs);
  }
  return { where: terms.join(" AND "), values };
}

function isStranger({ authenticated }: RecordedSession): 0 | 1 {
  return authenticated ? 0 : 1;
}

function compressed(bytes: Uint8Array): Uint8Array {
  return Bun.zstdCompressSync(bytes, { level: 1 });
}

/** What is told of the messages as a line of JSON, and their texts: JSON would escape every quote. */
function packMessages(messages: readonly RecordedMessage[]): Uint8Array {
  const texts = messages.map(({ text }) => Buffer.from(text));
  const heads = messages.map(({ text: _, ...head }, index) => ({
    ...head,
    length: texts[index]?.length ?? 0,
  }));
  return compressed(Buffer.concat([Buffer.from(`${JSON.stringify(heads)}\n`), ...texts]));
}

function unpackMessages(packed: unknown): RecordedMessage[] {
  const bytes = uncompressed(packed);
  const end = bytes.indexOf("\n");
  const heads = JSON.parse(bytes.toString("utf8", 0, end)) as (Omit<RecordedMessage, "text"> & {
    readonly length: number;
  })[];
  let at = end + 1;
  return heads.map(({ length, ...head }) => {
    const text = bytes.toString("utf8", at, at + length);
    at += length;
    return { ...head, text };
  });
}

function uncompressed(packed: unknown): Buffer {
  if (!(packed instanceof Uint8Array)) throw new Error("a record is bytes");
  return Buffer.from(Bun.zstdDecompressSync(packed));
}
