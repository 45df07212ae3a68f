import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../devices/model/errors.ts";
import { type Hlc, parseHlc } from "../../devices/model/hlc.ts";
import type { Log } from "../../devices/ports/log.ts";
import { HlcClock } from "../../devices/service/clock.ts";
import { Accounts } from "../access/accounts.ts";
import { ApiTokens } from "../access/api-tokens.ts";
import { Audit } from "../access/audit.ts";
import type { HubConfig, SiteConfig } from "../config/settings.ts";
import { type BlobStore, openBlobStore } from "../content/blob-store.ts";
import { DiskFloor, diskSpaceOf } from "../content/disk-floor.ts";
import { ServedCounter } from "../content/served-counter.ts";
import { type OutpostDatabase, openDatabase } from "../db/database.ts";
import type { BackupShelf } from "../db/maintenance/shelf.ts";
import { SqlAccessStore } from "../db/stores/access-store.ts";
import { SqlBlobIndex } from "../db/stores/blob-index.ts";
import { ValueStore } from "../db/stores/value-store.ts";
import type { Backups } from "../http/use-cases.ts";
import { type GatewayClock, SYSTEM_CLOCK, TestClock } from "../jobs/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { backupsOf } from "./backups.ts";

/** What whoever starts a role gives it besides its configuration. */
export interface RoleOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Says something to the person at the terminal. */
  readonly announce: (line: string) => void;
}

/** The same, with what the roles of one process share. */
export interface RunOptions extends RoleOptions {
  readonly shelf: BackupShelf;
}

/** What a site and a hub have in common: a disk, a database, a clock, people, files. */
export interface Foundation extends AsyncDisposable {
  readonly database: OutpostDatabase;
  readonly values: ValueStore;
  readonly clock: GatewayClock;
  readonly hlc: HlcClock;
  readonly accessStore: SqlAccessStore;
  readonly accounts: Accounts;
  readonly tokens: ApiTokens;
  readonly audit: Audit;
  readonly blobs: BlobStore;
  readonly blobIndex: SqlBlobIndex;
  readonly diskFloor: DiskFloor;
  readonly served: ServedCounter;
  readonly dataDir: string;
  readonly backups: Backups;
}

/** One clock for both roles of a process. */
export function clockFor(config: SiteConfig | HubConfig): GatewayClock {
  return config.testClock ? new TestClock(config.testNow ?? Date.now()) : SYSTEM_CLOCK;
}

/**
 * Opens folder, database and content of one role.
 *
 * @param name `site` or `hub`: the database file's name; both may live in one folder [D20]
 */
export async function openFoundation(
  name: "site" | "hub",
  config: SiteConfig | HubConfig,
  clock: GatewayClock,
  options: RunOptions,
): Promise<Foundation> {
  const now = () => clock.now();
  await makeDataFolder(config.dataDir);
  const database = await openDatabase({
    path: join(config.dataDir, `${name}.db`),
    key: config.databaseKey?.reveal(),
    log: options.log,
    now,
    onFailure: (error) => {
      // Nothing more can be made durable: better no gateway than one that forgets.
      options.log.error("stopping-after-database-failure", error);
      process.kill(process.pid, "SIGTERM");
    },
  });
  try {
    const accessStore = new SqlAccessStore(database);
    // People live by real time, whatever the test clock says: a session is not over because a test
    // moved three days on.
    const accounts = new Accounts({ store: accessStore, now: Date.now });
    const blobIndex = new SqlBlobIndex(database);
    const folder = join(config.dataDir, name === "site" ? "content" : "hub-content");
    const diskFloor = new DiskFloor(diskSpaceOf(config.dataDir), config.freeDiskBytesMin);
    const blobs = await openBlobStore({
      folder,
      index: blobIndex,
      diskFloor,
      now,
      log: options.log,
    });
    await announceFirstAdministrator(name, accounts, config, options);
    options.shelf.add(name, database.connection);
    return {
      database,
      values: new ValueStore(database),
      clock,
      hlc: new HlcClock(now, greatestHlc(database)),
      accessStore,
      accounts,
      tokens: new ApiTokens(accessStore, Date.now),
      audit: new Audit(accessStore, now),
      blobs,
      blobIndex,
      diskFloor,
      served: new ServedCounter((bytes) =>
        options.metrics.count("outpost_content_served_bytes_total", {}, bytes),
      ),
      dataDir: config.dataDir,
      backups: backupsOf(options.shelf, config.backupsKept),
      [Symbol.asyncDispose]: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function makeDataFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      "unavailable",
      `The data folder ${path} cannot be made (${why}). Name another with --data-dir.`,
      { cause },
    );
  }
}

async function announceFirstAdministrator(
  name: string,
  accounts: Accounts,
  config: SiteConfig | HubConfig,
  { announce }: RoleOptions,
): Promise<void> {
  const password = await accounts.ensureFirstAdministrator(config.adminPassword?.reveal());
  if (password === undefined) return;
  announce(`First administrator of this ${name}: admin`);
  announce(`One-time password (shown only now, to be changed at the first login): ${password}`);
}

/** The greatest stamp on disk, so that ours come after it even when the clock went back. */
function greatestHlc(database: OutpostDatabase): Hlc | undefined {
  const [row] = database.connection
    .prepare(
      "SELECT max(hlc) FROM (SELECT max(hlc) AS hlc FROM facts UNION SELECT max(hlc) FROM installations)",
    )
    .rows();
  return typeof row?.[0] === "string" ? parseHlc(row[0]) : undefined;
}
