import {
  and,
  asc,
  count,
  desc,
  eq,
  getTableColumns,
  inArray,
  isNotNull,
  isNull,
  or,
  type SQL,
  sql,
} from "drizzle-orm";
import type { Filter } from "../../../devices/filter/filter.ts";
import {
  bucketOf,
  descriptionOf,
  hasStatus,
  labelOf,
  statesOf,
} from "../../../devices/install/matrix.ts";
import { type Device, PLATFORMS, type Platform } from "../../../devices/model/device.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import type { DeviceId, InstallationKey } from "../../../devices/model/ids.ts";
import {
  type Installation,
  type Operation,
  STATUSES,
  type Status,
} from "../../../devices/model/installation.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
import type { PolicyReader } from "../../../devices/ports/policy-reader.ts";
import type {
  BreakdownRow,
  BucketCounts,
  DeviceEvent,
  DeviceView,
  GroupedCounts,
  InstallationView,
  ListQuery,
  Page,
  ReportReader,
} from "../../reports/report-reader.ts";
import { DEVICE_EVENTS_MAX } from "../../reports/report-reader.ts";
import type { OutpostDatabase } from "../database.ts";
import { deviceAliases, devices, inventory } from "../schema/devices.ts";
import { facts, installations } from "../schema/installations.ts";
import { DEVICE_NAME, deviceFields, installationFields } from "./report-reader-fields.ts";
import { conditionOf } from "./report-reader-filter.ts";
import {
  afterCursor,
  checkLimit,
  orderOf,
  printCursor,
  type SortTable,
  sortingOf,
} from "./report-reader-page.ts";
import {
  bucketCounts,
  deviceView,
  installationView,
  type StatusCount,
  type ViewContext,
} from "./report-reader-views.ts";

const { revisionCounter: _, ...ROW } = getTableColumns(installations);
const DEVICE = {
  name: devices.name,
  lastContactMs: devices.lastContactMs,
  enrolment: devices.enrolment,
};
type ViewedDevice = Pick<typeof devices.$inferSelect, keyof typeof DEVICE>;
const ROW_KEY = [installations.site, installations.distribution, installations.device];
const DEVICE_KEY = [devices.site, devices.id];
const THEIR_DEVICE = and(
  eq(devices.site, installations.site),
  eq(devices.id, installations.device),
);
const STATUS_COUNT = {
  status: installations.status,
  operation: installations.operation,
  count: count(),
};

const ROW_SORTS: SortTable = {
  site: { kind: "text", column: installations.site },
  device: { kind: "text", column: installations.device },
  deviceName: { kind: "text", column: DEVICE_NAME },
  package: { kind: "text", column: installations.package },
  revision: { kind: "text", column: installations.revision },
  distribution: { kind: "text", column: installations.distribution },
  platform: { kind: "text", column: installations.platform },
  status: { kind: "text", column: installations.status },
  state: { kind: "text", column: installations.state },
  operation: { kind: "text", column: installations.operation },
  version: { kind: "text", column: installations.version },
  targetVersion: { kind: "text", column: installations.targetVersion },
  reason: { kind: "text", column: installations.reason },
  attempt: { kind: "number", column: installations.attempt },
  lastError: { kind: "number", column: installations.lastError },
  since: { kind: "number", column: installations.sinceMs },
  observed: { kind: "number", column: installations.observedAtMs },
  lastContact: { kind: "number", column: devices.lastContactMs },
};

const DEVICE_SORTS: SortTable = {
  id: { kind: "text", column: devices.id },
  site: { kind: "text", column: devices.site },
  name: { kind: "text", column: devices.name },
  platform: { kind: "text", column: devices.platform },
  protocol: { kind: "text", column: devices.protocol },
  stableId: { kind: "text", column: devices.stableId },
  manufacturer: { kind: "text", column: devices.manufacturer },
  model: { kind: "text", column: devices.model },
  osVersion: { kind: "text", column: devices.osVersion },
  osPlatform: { kind: "text", column: devices.osPlatform },
  compliance: { kind: "text", column: devices.compliance },
  enrolment: { kind: "text", column: devices.enrolment },
  lastContact: { kind: "number", column: devices.lastContactMs },
};

const GROUPS = {
  package: installations.package,
  distribution: installations.distribution,
  site: installations.site,
  platform: installations.platform,
  version: installations.version,
  reason: installations.reason,
};

export interface SqlReportReaderOptions {
  readonly database: Pick<OutpostDatabase, "db" | "connection">;
  readonly policy: PolicyReader;
  /** What is known of a row's site: at a site, itself and now; at the hub, its last flush. */
  readonly siteOf: ViewContext["siteOf"];
  readonly isAtSite: boolean;
}

/**
 * `ReportReader` over libSQL, at a site and at the hub alike. Texts are the unions of the model
 * because nothing else was ever written.
 */
export class SqlReportReader implements ReportReader {
  readonly #database: SqlReportReaderOptions["database"];
  readonly #policy: PolicyReader;
  readonly #siteOf: ViewContext["siteOf"];
  readonly #isAtSite: boolean;

  constructor({ database, policy, siteOf, isAtSite }: SqlReportReaderOptions) {
    this.#database = database;
    this.#policy = policy;
    this.#siteOf = siteOf;
    this.#isAtSite = isAtSite;
  }

  get #db() {
    return this.#database.db;
  }

  async count(filter: Filter): Promise<number> {
    const rows = this.#db.select({ count: count() }).from(installations);
    const [row] = rows.leftJoin(devices, THEIR_DEVICE).where(this.#rowsOf(filter)).all();
    return row?.count ?? 0;
  }

  async list({ filter, limit, cursor, sort }: ListQuery): Promise<Page<InstallationView>> {
    checkLimit(limit);
    const sorting = sortingOf(sort, ROW_SORTS);
    const found = this.#db
      .select({ row: ROW, device: DEVICE, sortedBy: sorting.expression ?? sql<string>`''` })
      .from(installations)
      .leftJoin(devices, THEIR_DEVICE)
      .where(and(this.#rowsOf(filter), afterCursor(cursor, sorting, ROW_KEY)))
      .orderBy(...orderOf(sorting, ROW_KEY))
      .limit(limit + 1)
      .all();
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    const key = last && [last.row.site, last.row.distribution, last.row.device];
    return {
      rows: page.map(({ row, device }) => this.#view(row as Installation, device)),
      next: key && printCursor(sorting, last.sortedBy as string | number, key),
    };
  }

  async buckets(filter: Filter): Promise<BucketCounts> {
    return bucketCounts(this.#statusCounts(this.#rowsOf(filter)));
  }

  async breakdown(
    filter: Filter,
    options: { readonly includeEmpty: boolean },
  ): Promise<BreakdownRow[]> {
    const { platform, status, state, operation } = installations;
    const found = this.#db
      .select({ platform, status, state, operation, count: count() })
      .from(installations)
      .leftJoin(devices, THEIR_DEVICE)
      .where(this.#rowsOf(filter))
      .groupBy(platform, status, state, operation)
      .all();
    const lines = new Map<string, BreakdownRow>();
    for (const row of found) {
      const line = breakdownRow(
        row.platform as Platform,
        row.status as Status,
        row.state,
        row.operation as Operation,
      );
      const before = lines.get(lineKey(line))?.count ?? 0;
      lines.set(lineKey(line), { ...line, count: before + row.count });
    }
    if (options.includeEmpty) {
      for (const line of emptyLines()) {
        if (!lines.has(lineKey(line))) lines.set(lineKey(line), line);
      }
    }
    return [...lines.values()].sort(compareLines);
  }

  async groupedBy(field: keyof typeof GROUPS, filter: Filter): Promise<GroupedCounts[]> {
    const key = sql<string>`coalesce(${GROUPS[field]}, '')`;
    const found = this.#db
      .select({ key, ...STATUS_COUNT })
      .from(installations)
      .leftJoin(devices, THEIR_DEVICE)
      .where(this.#rowsOf(filter))
      .groupBy(key, installations.status, installations.operation)
      .orderBy(asc(key))
      .all();
    const groups = new Map<string, StatusCount[]>();
    for (const row of found) groups.set(row.key, [...(groups.get(row.key) ?? []), row]);
    return [...groups].map(([group, counts]) => ({
      key: group,
      label: this.#labelOf(field, group),
      counts: bucketCounts(counts),
    }));
  }

  async installation(key: InstallationKey): Promise<InstallationView | undefined> {
    const isIt = and(
      eq(installations.site, key.site),
      eq(installations.distribution, key.distribution),
      eq(installations.device, key.device),
    );
    const [found] = this.#db
      .select({ row: ROW, device: DEVICE })
      .from(installations)
      .leftJoin(devices, THEIR_DEVICE)
      .where(isIt)
      .all();
    return found && this.#view(found.row as Installation, found.device);
  }

  async history(key: InstallationKey): Promise<readonly Fact[]> {
    const isIts = and(
      eq(facts.site, key.site),
      eq(facts.device, key.device),
      eq(facts.distribution, key.distribution),
    );
    const order = [asc(facts.siteIncarnation), asc(facts.seq)];
    const rows = this.#db.select().from(facts).where(isIts);
    return rows.orderBy(...order).all() as Fact[];
  }

  async devices({ filter, limit, cursor, sort }: ListQuery): Promise<Page<DeviceView>> {
    checkLimit(limit);
    const sorting = sortingOf(sort, DEVICE_SORTS);
    const found = this.#db
      .select({ device: getTableColumns(devices), sortedBy: sorting.expression ?? sql<string>`''` })
      .from(devices)
      .where(and(this.#devicesOf(filter), afterCursor(cursor, sorting, DEVICE_KEY)))
      .orderBy(...orderOf(sorting, DEVICE_KEY))
      .limit(limit + 1)
      .all();
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      rows: this.#deviceViews(page.map(({ device }) => device as Device)),
      next:
        last &&
        printCursor(sorting, last.sortedBy as string | number, [last.device.site, last.device.id]),
    };
  }

  async countDevices(filter: Filter): Promise<number> {
    const rows = this.#db.select({ count: count() }).from(devices);
    const [row] = rows.where(this.#devicesOf(filter)).all();
    return row?.count ?? 0;
  }

  /**
   * At the hub, of several sites' rows of one device: the latest life, then the latest contact. At a
   * site also by the id of before it joined.
   */
  async device(id: DeviceId): Promise<DeviceView | undefined> {
    const isIt = sql`${devices.id} = ${id} or ${devices.id} = (select device from device_aliases
      where protocol = 'external' and external_id = ${id})`;
    const found = this.#db.select().from(devices).where(isIt).all() as Device[];
    const [latest] = found.sort(
      (a, b) => b.incarnation - a.incarnation || (b.lastContactMs ?? -1) - (a.lastContactMs ?? -1),
    );
    return latest && this.#deviceViews([latest])[0];
  }

  async inventory(id: DeviceId): Promise<readonly InventoryItem[]> {
    const rows = this.#db.select().from(inventory).where(eq(inventory.device, id));
    return rows.orderBy(asc(inventory.productId)).all() as InventoryItem[];
  }

  async deviceEvents(id: DeviceId): Promise<readonly DeviceEvent[]> {
    const { atMs, text, by, protocol, siteIncarnation, seq } = facts;
    const isTold = (kind: "device" | "inventory") =>
      and(eq(facts.device, id), isNull(facts.distribution), eq(facts.kind, kind), isNotNull(text));
    const latestFirst = [desc(siteIncarnation), desc(seq)];
    // A device that lists its apps oddly does so in every session: the last time is enough.
    const doubt = this.#db
      .select({ siteIncarnation, seq })
      .from(facts)
      .where(isTold("inventory"))
      .orderBy(...latestFirst)
      .limit(1)
      .get();
    const isDoubt =
      doubt &&
      and(isTold("inventory"), eq(siteIncarnation, doubt.siteIncarnation), eq(seq, doubt.seq));
    return this.#db
      .select({ atMs, text, by, protocol })
      .from(facts)
      .where(or(isTold("device"), isDoubt))
      .orderBy(...latestFirst)
      .limit(DEVICE_EVENTS_MAX)
      .all();
  }

  changeCounter(): number {
    const [row] = this.#database.connection.prepare("SELECT total_changes()").rows();
    return Number(row?.[0]) + this.#policy.read().version;
  }

  /** The filter and the defaults that ReportReader promises. */
  #rowsOf(filter: Filter): SQL | undefined {
    const names = new Set(filter.map((term) => term.field));
    return and(
      conditionOf(filter, installationFields(this.#policy.read())),
      names.has("counted") ? undefined : eq(installations.counted, true),
      names.has("site") ? undefined : eq(installations.winner, true),
      names.has("distribution") || names.has("current")
        ? undefined
        : eq(installations.current, true),
    );
  }

  /** Removed devices are only seen by filters that name `removed`. */
  #devicesOf(filter: Filter): SQL | undefined {
    const namesRemoved = filter.some((term) => term.field === "removed");
    return and(
      conditionOf(filter, deviceFields(this.#policy.read())),
      namesRemoved ? undefined : sql`${devices.removedAtMs} is null`,
    );
  }

  #statusCounts(where: SQL | undefined): readonly StatusCount[] {
    return this.#db
      .select(STATUS_COUNT)
      .from(installations)
      .leftJoin(devices, THEIR_DEVICE)
      .where(where)
      .groupBy(installations.status, installations.operation)
      .all();
  }

  #deviceViews(found: readonly Device[]): DeviceView[] {
    const ids = [...new Set(found.map(({ id }) => id))];
    if (ids.length === 0) return [];
    const { device } = installations;
    const counts = this.#db
      .select({ device, ...STATUS_COUNT })
      .from(installations)
      .where(and(inArray(device, ids), this.#rowsOf([])))
      .groupBy(device, installations.status, installations.operation)
      .all();
    const aliases = this.#db
      .select()
      .from(deviceAliases)
      .where(inArray(deviceAliases.device, ids))
      .orderBy(asc(deviceAliases.protocol), asc(deviceAliases.externalId))
      .all();
    return found.map((one) =>
      deviceView(
        one,
        aliases.filter((alias) => alias.device === one.id).map((alias) => alias.externalId),
        counts.filter((row) => row.device === one.id),
      ),
    );
  }

  #view(row: Installation, device: ViewedDevice | null): InstallationView {
    return installationView(row, device as Parameters<typeof installationView>[1], {
      policy: this.#policy.read(),
      siteOf: this.#siteOf,
      isAtSite: this.#isAtSite,
    });
  }

  #labelOf(field: keyof typeof GROUPS, key: string): string {
    const policy = this.#policy.read();
    switch (field) {
      case "package":
        return [...policy.packages.values()].find(({ id }) => id === key)?.name ?? key;
      case "site":
        return this.#siteOf(key as Installation["site"]).name;
      case "distribution":
      case "platform":
      case "version":
      case "reason":
        return key;
    }
  }
}

function breakdownRow(
  platform: Platform,
  status: Status,
  state: string | null,
  operation: Operation,
): BreakdownRow {
  return {
    platform,
    status,
    statusLabel: labelOf(platform, status),
    state,
    description: descriptionOf(platform, status, state),
    bucket: bucketOf(status, operation),
    count: 0,
  };
}

/** Every row of the platforms' matrices, as an install counts it. */
function emptyLines(): BreakdownRow[] {
  return PLATFORMS.flatMap((platform) =>
    STATUSES.filter((status) => hasStatus(platform, status)).flatMap((status) =>
      statesOf(platform, status).map((state) => breakdownRow(platform, status, state, "install")),
    ),
  );
}

function lineKey({ platform, status, state, bucket }: BreakdownRow): string {
  return JSON.stringify([platform, status, state, bucket]);
}

function compareLines(a: BreakdownRow, b: BreakdownRow): number {
  return rankOf(a) - rankOf(b) || (lineKey(a) < lineKey(b) ? -1 : 1);
}

function rankOf({ platform, status }: BreakdownRow): number {
  const statuses: readonly string[] = STATUSES;
  const platforms: readonly string[] = PLATFORMS;
  return platforms.indexOf(platform) * STATUSES.length + statuses.indexOf(status);
}
