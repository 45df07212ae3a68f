import { APPLE_TOLD_ONCE } from "../install/mappings/apple.ts";
import { interpret } from "../install/mappings/interpret.ts";
import { plannedFor } from "../install/targets.ts";
import { isOpen } from "../install/waiting.ts";
import { type Compliance, DEVICE_PROTOCOLS } from "../model/device.ts";
import type { FactSource, NewFact } from "../model/fact.ts";
import { type DeviceId, type DistributionId, deviceIdFrom, parseDeviceId } from "../model/ids.ts";
import type { Installation, Operation } from "../model/installation.ts";
import type { Package } from "../model/package.ts";
import type { Ledger } from "./ledger.ts";
import { type DirectFact, recordFact } from "./record-facts.ts";
import { groupsAt, replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

/** Whose words a feed is in. */
export const FEED_SOURCES = ["apple", "android"] as const satisfies readonly FactSource[];
export type FeedSource = (typeof FEED_SOURCES)[number];

/** How it stands with one app on one device, as the MDM or agent that looks after it says. */
export interface FedStatus extends Omit<DirectFact, "distribution" | "source"> {
  /** One of these two: the work itself, or the app, by its package's id or name. */
  readonly distribution?: string | undefined;
  readonly package?: string | undefined;
}

/** What a feed tells of the device beside its apps. */
export interface FedFacts {
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly osMajor?: number | undefined;
  readonly shared?: boolean | undefined;
  readonly userEnrolled?: boolean | undefined;
  readonly userAssigned?: boolean | undefined;
  readonly compliance?: Compliance | undefined;
}

export interface FedDevice {
  /** Its id here, its stable id (UDID, serial number), or another name that it goes by. */
  readonly device: string;
  readonly facts?: FedFacts | undefined;
  readonly apps: readonly FedStatus[];
}

export interface TakenStatus {
  readonly distribution: DistributionId;
  readonly effect: NewFact["effect"];
}

export interface RefusedStatus {
  /** Why it was not taken; nothing of it is stored. */
  readonly refused: string;
}

/** What whoever looks after the device is to send it. Told once, in the answer to what asked for it. */
export interface FeedCommand {
  readonly command: "ApplyRedemptionCode";
  readonly distribution: DistributionId;
  readonly package: Package["id"];
  readonly attempt: number;
}

/** Work of the site that only an MDM can do, and that nothing stands in the way of. */
export interface WantedWork {
  readonly distribution: DistributionId;
  readonly package: Package["id"];
  readonly operation: Operation;
  readonly version: string;
  readonly attempt: number;
}

export type TakenDevice =
  | (RefusedStatus & { readonly device: string })
  | {
      readonly device: string;
      readonly id: DeviceId;
      /** One for each of its apps, in their order. */
      readonly apps: (TakenStatus | RefusedStatus)[];
      readonly commands: FeedCommand[];
      readonly wanted: WantedWork[];
    };

/**
 * Takes what an MDM or agent forwards about many devices. What cannot be taken is named and costs the
 * others nothing; all the rest is durable before this resolves. What says nothing new is not stored
 * again, and what is older than what the row says goes to the history, so that a batch may come twice
 * and batches in any order.
 *
 * @param by who forwards it
 */
export function takeStatusFeed(
  context: SiteContext,
  source: FeedSource,
  devices: readonly FedDevice[],
  by: string,
): Promise<TakenDevice[]> {
  return Promise.all(devices.map((fed) => takeDevice(context, source, fed, by)));
}

async function takeDevice(
  context: SiteContext,
  source: FeedSource,
  fed: FedDevice,
  by: string,
): Promise<TakenDevice> {
  const id = await findDevice(context, fed.device);
  if (id === undefined) return { device: fed.device, refused: "this site has no such device" };
  return withDevice(context, id, (ledger) => {
    const facts = Object.entries(fed.facts ?? {}).filter(([, value]) => value !== undefined);
    ledger.patchDevice({ ...Object.fromEntries(facts), lastContactMs: context.now() });
    replan(context, ledger, { contact: false });
    const commands: FeedCommand[] = [];
    const apps = fed.apps.map((status) => {
      const taken = takeStatus(context, ledger, source, status, by);
      const command = commandAfter(ledger, status.value, taken);
      if (command) commands.push(command);
      return taken;
    });
    replan(context, ledger, { contact: false });
    return { device: fed.device, id, apps, commands, wanted: wantedOf(context, ledger) };
  });
}

async function findDevice(context: SiteContext, name: string): Promise<DeviceId | undefined> {
  const { store } = context;
  const id = parseDeviceId(name);
  let device =
    (id && (await store.find(id))) ?? (await store.find(deviceIdFrom(context.organisation, name)));
  for (const protocol of ["external", ...DEVICE_PROTOCOLS] as const) {
    device ??= await store.findByAlias(protocol, name);
  }
  return device?.removedAtMs === null ? device.id : undefined;
}

function takeStatus(
  context: SiteContext,
  ledger: Ledger,
  source: FeedSource,
  status: FedStatus,
  by: string,
): TakenStatus | RefusedStatus {
  const row = rowOf(context, ledger, status);
  if ("refused" in row) return row;
  const { distribution } = row;
  const atMs = Math.min(status.atMs ?? context.now(), context.now());
  if (isKnown(row, source, status, atMs)) {
    // Nothing new but that it is still so: what is read out earlier and comes later is behind this.
    if (atMs > row.observedAtMs) ledger.note(distribution, { observedAtMs: atMs });
    return { distribution, effect: "repeated" };
  }
  const isCounted = status.sequence !== undefined || status.attempt !== undefined;
  const isBehind = !isCounted && row.source === source && atMs < row.observedAtMs;
  const { package: _package, ...said } = status;
  const taken = recordFact(context, ledger, { ...said, source, distribution }, by, isBehind);
  if ("problem" in taken) return { refused: taken.problem };
  // A row that was born as it is told has its time from us: from now on it is the reporter's.
  const isStill = taken.effect === "repeated" || taken.effect === "none";
  if (isStill && !isCounted) ledger.note(distribution, { observedAtMs: atMs });
  return { distribution, effect: taken.effect };
}

/** Is it what the row says already, so that there is nothing to store? */
function isKnown(
  row: Installation,
  source: FeedSource,
  { value, version, lastError, sequence, text }: FedStatus,
  atMs: number,
): boolean {
  if (sequence !== undefined && sequence !== row.sequence) return false;
  if (row.source !== source || row.nativeValue !== value || row.stale) return false;
  if (version !== undefined && version !== row.version) return false;
  if ((lastError ?? null) !== row.lastError || (text ?? null) !== row.lastErrorText) return false;
  // What is told once is told for a reason: another time is another occasion.
  if (APPLE_TOLD_ONCE.has(value) && atMs > row.observedAtMs) return false;
  const meaning = interpret(source, row.platform, value, {
    operation: row.operation,
    lastError: row.lastError,
  });
  if (meaning === undefined || meaning === "no-change") return meaning !== undefined;
  return meaning.status === row.status && meaning.state === row.state;
}

/** The row that is meant: of the distribution that is named, or of the app's planned one. */
function rowOf(
  context: SiteContext,
  ledger: Ledger,
  { distribution, package: named = "" }: FedStatus,
): Installation | RefusedStatus {
  if (distribution !== undefined) {
    return (
      ledger.rows.find((row) => row.distribution === distribution) ?? {
        refused: `the distribution ${distribution} is not for this device`,
      }
    );
  }
  const { device } = ledger;
  const policy = context.policy.read();
  const packages = [...policy.packages.values()].filter((one) => one.platform === device.platform);
  const byName = packages.filter(({ name }) => name.toLowerCase() === named.toLowerCase());
  const app = packages.find(({ id }) => id === named) ?? byName[0];
  if (!app) return { refused: `there is no package ${named} for ${device.platform}` };
  if (app.id !== named && byName.length > 1) {
    return { refused: `several packages are called ${named}: give the id of one` };
  }
  const planned = plannedFor(app, device, groupsAt(policy, device), policy);
  const row = planned && ledger.row(planned.id);
  // Work that was stopped may still be told of: the latest of the app then. [D4]
  const rows = ledger.rows.filter((one) => one.package === app.id);
  const latest = rows.sort((a, b) => (a.hlc < b.hlc ? 1 : -1))[0];
  return row ?? latest ?? { refused: `the package ${named} is not distributed to this device` };
}

/** A code is asked for by one word only, when the row comes to it. [S-03] */
function commandAfter(
  ledger: Ledger,
  value: string,
  taken: TakenStatus | RefusedStatus,
): FeedCommand | undefined {
  if (value !== "NeedsRedemption" || "refused" in taken || taken.effect !== "moved") return;
  const row = ledger.row(taken.distribution);
  if (!row) return;
  const { distribution, package: app, attempt } = row;
  return { command: "ApplyRedemptionCode", distribution, package: app, attempt };
}

/** What waits for a report about the device only: neither held, nor refused, nor under way. */
function wantedOf(context: SiteContext, ledger: Ledger): WantedWork[] {
  const { revisions } = context.policy.read();
  return ledger.rows.flatMap((row) => {
    const isReported = revisions.get(row.revision)?.channel === "reported";
    const isUnderWay = row.status === "installing" || row.status === "updating";
    if (!isReported || !isOpen(row) || isUnderWay || !row.counted || row.reason !== "contact") {
      return [];
    }
    const { distribution, package: app, operation, targetVersion: version, attempt } = row;
    return [{ distribution, package: app, operation, version, attempt }];
  });
}
