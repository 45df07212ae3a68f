import type { DeviceId } from "../../../devices/model/ids.ts";
import {
  type RecordedSession,
  SESSION_RECORDING_DEFAULT,
  type SessionRecording,
} from "../../../devices/model/recorded-session.ts";
import { SessionSight } from "../../../devices/sight/session-sight.ts";
import { newSessionFile } from "../../../gateway/db/sessions/session-file.ts";
import { SqlSessionRecords } from "../../../gateway/db/sessions/sql-session-records.ts";
import { QUIET } from "../../harness/site-core.ts";

export const DEVICE = "0f3b0c2d4e5a69788796a5b4c3d2e1f0" as DeviceId;
export const NAME = "urn:uuid:0f3b0c2d";
export const NOW_MS = Date.parse("2026-11-21T12:00:00Z");

/** A recorder over records in memory. Nothing happens later by itself: `list` writes what was seen. */
export class Sight implements Disposable {
  nowMs = NOW_MS;
  elapsedMs = 0;
  recording: SessionRecording = SESSION_RECORDING_DEFAULT;
  room: () => Promise<void> = async () => undefined;
  readonly records: SqlSessionRecords;
  readonly sight: SessionSight;
  lost = 0;

  constructor(records?: SqlSessionRecords) {
    const open = () => newSessionFile(":memory:", undefined);
    this.records = records ?? new SqlSessionRecords(open(), open);
    this.sight = new SessionSight({
      records: async () => this.records,
      recording: () => this.recording,
      findDevice: async (name) => (name === NAME ? DEVICE : undefined),
      checkRoom: () => this.room(),
      now: () => this.nowMs,
      elapsed: () => this.elapsedMs,
      later: (milliseconds, run) => {
        if (milliseconds === 0) setImmediate(run);
      },
      onLost: (count) => {
        this.lost += count;
      },
      log: QUIET,
    });
  }

  async list(): Promise<readonly RecordedSession[]> {
    await this.sight.flush();
    return this.records.list({ limit: 100 }, this.nowMs).rows;
  }

  async only(): Promise<RecordedSession> {
    const [session, ...more] = await this.list();
    if (!session || more.length > 0) throw new Error(`there are ${more.length + 1} sessions`);
    return session;
  }

  [Symbol.dispose](): void {
    this.records[Symbol.dispose]();
  }
}
