import type { SessionRecording } from "../../devices/model/recorded-session.ts";
import type { SessionRecorder } from "../../devices/ports/session-recorder.ts";
import type { SessionRecords } from "../../devices/ports/session-records.ts";
import type { SiteStore } from "../../devices/ports/site-store.ts";
import { SessionSight } from "../../devices/sight/session-sight.ts";
import { newSessionFile, openSessionFile } from "../db/sessions/session-file.ts";
import { SqlSessionRecords } from "../db/sessions/sql-session-records.ts";
import type { DeviceSessions } from "../http/use-cases.ts";
import type { RoleOptions } from "./foundation.ts";

/** The disk is asked for its room this often at most. */
const ROOM_CHECK_MS = 10_000;

/** The recorded sessions of a site. */
export interface SiteSessions extends AsyncDisposable {
  readonly recorder: SessionRecorder;
  readonly view: DeviceSessions;
  prune(nowMs: number): Promise<void>;
}

export interface SiteSessionsOptions extends Pick<RoleOptions, "log" | "metrics"> {
  /** Of the file of records, or `:memory:`. */
  readonly path: string;
  readonly key: string | undefined;
  readonly store: Pick<SiteStore, "findByAlias">;
  readonly recording: () => SessionRecording;
  /** Throws AppError "no-room" when the disk must not be filled any more. */
  readonly checkRoom: () => Promise<void>;
  readonly now: () => number;
}

/** Opens the records a moment later: the site is not to start later because of them. */
export function openSiteSessions(options: SiteSessionsOptions): SiteSessions {
  const { path, key, store, recording, now, log, metrics } = options;
  const opened = new Promise<SqlSessionRecords | undefined>((resolve) => {
    setImmediate(() => {
      try {
        const connection = openSessionFile(path, key, log);
        resolve(new SqlSessionRecords(connection, () => newSessionFile(path, key)));
      } catch (error) {
        log.error("sessions-not-recorded", error, { path });
        resolve(undefined);
      }
    });
  });
  let checkedAtMs = Number.NEGATIVE_INFINITY;
  const sight = new SessionSight({
    records: () => opened,
    recording,
    findDevice: async (externalId) => {
      const device = await store.findByAlias("oma-dm", externalId);
      return device?.removedAtMs === null ? device.id : undefined;
    },
    checkRoom: async () => {
      if (performance.now() - checkedAtMs < ROOM_CHECK_MS) return;
      await options.checkRoom();
      checkedAtMs = performance.now();
    },
    now,
    elapsed: () => performance.now(),
    later: (milliseconds, run) => {
      if (milliseconds === 0) setImmediate(run);
      else setTimeout(run, milliseconds).unref();
    },
    onLost: (count) => metrics.count("outpost_sessions_not_recorded_total", {}, count),
    log,
  });
  metrics.gauge("outpost_session_records_bytes", async () => [
    { labels: {}, value: (await opened)?.size() ?? 0 },
  ]);

  const read = async <T>(none: T, work: (records: SessionRecords) => T): Promise<T> => {
    await sight.flush();
    const records = await opened;
    return records === undefined ? none : work(records);
  };
  const nothing = { rows: [], total: 0, next: undefined };
  return {
    recorder: sight,
    view: {
      list: (query) => read(nothing, (records) => records.list(query, now())),
      find: (id) => read(undefined, (records) => records.find(id, now())),
      messages: (id, from, limit) => read([], (records) => records.messages(id, from, limit)),
      around: (device, atMs) => read(undefined, (records) => records.around(device, atMs, now())),
      state: async () => ({
        problem:
          (await opened) === undefined ? "The file of records cannot be opened." : sight.problem,
        bytes: (await opened)?.size() ?? 0,
        notRecorded: sight.lost,
      }),
    },
    prune: async (nowMs) => {
      const gone = (await opened)?.prune(recording(), nowMs) ?? 0;
      if (gone > 0) log.info("pruned", { recorded_sessions: gone });
    },
    [Symbol.asyncDispose]: async () => {
      await sight.flush();
      (await opened)?.[Symbol.dispose]();
    },
  };
}
