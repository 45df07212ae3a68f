import {
  type Decision,
  decisionFact,
  foldDecision,
  foldRemark,
  foldReport,
  type Report,
} from "../install/fold.ts";
import type { PlannedReason } from "../install/plan-types.ts";
import { rankRows } from "../install/rank.ts";
import type { DeviceAttribute, DeviceJob, DeviceToken } from "../model/agent-device.ts";
import { cutText } from "../model/cut-text.ts";
import { boundedDevice, type Device } from "../model/device.ts";
import type { NewFact } from "../model/fact.ts";
import { HLC_ZERO, type Hlc } from "../model/hlc.ts";
import type { DistributionId } from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { DownloadNode, InventoryItem, InventoryRead } from "../model/inventory.ts";
import { NAME_CHARACTERS_MAX, WORDS_CHARACTERS_MAX } from "../model/limits.ts";
import type { Policy } from "../model/policy.ts";
import type { VirtualTree } from "../model/virtual-tree.ts";
import type { Instant } from "../model/window.ts";
import type { DeviceChanges, DeviceView, StoredSession } from "../ports/site-store.ts";

/**
 * One use-case's unit of work about one device: it starts from what is stored, collects facts and
 * the rows they lead to, and ends as one set of changes for one transaction.
 */
export class Ledger {
  readonly #before: DeviceView;
  readonly #nextHlc: () => Hlc;
  /** Made when one row is asked for, which an idle device's contact never does. */
  #rowsById: Map<DistributionId, Installation> | undefined;
  readonly #facts: NewFact[] = [];
  readonly #downloads = new Map<string, DownloadNode>();
  readonly #touchedDownloads = new Set<string>();
  readonly #touchedInstants = new Map<number, Instant>();
  /** The values of `#rowsById`; undefined after one of them changed. */
  #rowList: readonly Installation[] | undefined;
  #device: Device;
  #inventory: readonly InventoryItem[];
  #inventoryReads: readonly InventoryRead[];
  #tree: VirtualTree | undefined;
  #session: StoredSession | null | undefined;
  #revoke: DeviceChanges["revoke"];
  #token: DeviceToken | undefined;
  #attributes: readonly DeviceAttribute[] | undefined;
  readonly #jobs: Omit<DeviceJob, "id">[] = [];
  #changeCount = 0;

  constructor(view: DeviceView, nextHlc: () => Hlc) {
    this.#before = view;
    this.#nextHlc = nextHlc;
    this.#device = view.device;
    this.#rowList = view.installations;
    this.#inventory = view.inventory;
    this.#inventoryReads = view.inventoryReads;
    for (const node of view.downloads) this.#downloads.set(node.productId, node);
    this.#tree = view.tree;
  }

  /** Rises with whatever a plan could see differently. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Nothing was written here. */
  get isUntouched(): boolean {
    return (
      this.#changeCount === 0 &&
      this.#facts.length === 0 &&
      this.#jobs.length === 0 &&
      this.#inventory === this.#before.inventory &&
      this.#inventoryReads === this.#before.inventoryReads &&
      this.#session === undefined &&
      this.#revoke === undefined &&
      this.#token === undefined &&
      this.#attributes === undefined
    );
  }

  get device(): Device {
    return this.#device;
  }

  get rows(): readonly Installation[] {
    this.#rowList ??= [...this.#rows().values()];
    return this.#rowList;
  }

  get inventory(): readonly InventoryItem[] {
    return this.#inventory;
  }

  get inventoryReads(): readonly InventoryRead[] {
    return this.#inventoryReads;
  }

  get downloads(): readonly DownloadNode[] {
    return [...this.#downloads.values()];
  }

  /** What was pushed through the device's virtual tree; undefined while nothing was. */
  get tree(): VirtualTree | undefined {
    return this.#tree;
  }

  /** Instants that are not closed, with what this use-case changed. */
  get instants(): readonly Instant[] {
    if (this.#touchedInstants.size === 0) return this.#before.instants;
    const merged = new Map(this.#before.instants.map((instant) => [instant.startMs, instant]));
    for (const [startMs, instant] of this.#touchedInstants) merged.set(startMs, instant);
    return [...merged.values()].filter((instant) => !instant.closed);
  }

  row(distribution: DistributionId): Installation | undefined {
    return this.#rows().get(distribution);
  }

  /**
   * A new row, and the fact that it was born. Nothing has happened yet, so it takes no sequence
   * number: what any site has heard of the same work in the same life comes after it. [D11]
   */
  birth(row: Installation, atMs: number): void {
    const hlc = this.#nextHlc();
    const born = { ...row, hlc };
    this.#setRow(born);
    const decision = { value: "born", by: "site", atMs, text: null, protocol: "site" };
    this.#facts.push(decisionFact(this.#device, born, decision, hlc));
  }

  /**
   * What is left of the device's former life says nothing about this one: its rows stay on record and
   * no longer count (the plan begins those anew that are wanted), its instants and download nodes end,
   * and what it listed is forgotten.
   */
  endFormerLife(): void {
    for (const row of this.rows) this.note(row.distribution, { counted: false });
    for (const instant of this.instants) this.setInstant({ ...instant, closed: true });
    for (const node of this.downloads) this.setDownload({ ...node, gone: true });
    if (this.#inventory.length > 0) this.#inventory = [];
    if (this.#inventoryReads.length > 0) this.#inventoryReads = [];
  }

  decide(distribution: DistributionId, decision: Decision): void {
    const row = this.#need(distribution);
    this.#take(foldDecision(this.#device, row, decision, this.#nextHlc()));
  }

  report(distribution: DistributionId, report: Report): NewFact["effect"] {
    const said = bounded(report);
    const folded = foldReport(this.#device, this.#need(distribution), said, this.#nextHlc());
    this.#take(folded);
    return folded.fact.effect;
  }

  /** Writes down what a device says beside its row: how one step went, that it has begun to think. */
  remark(distribution: DistributionId, report: Omit<Report, "meaning">): void {
    const said = bounded({ ...report, meaning: "no-change" });
    this.#facts.push(foldRemark(this.#device, this.#need(distribution), said, this.#nextHlc()));
  }

  /** Changes bookkeeping of a row that is neither a report nor a decision worth a fact. */
  note(distribution: DistributionId, change: Partial<Installation>): void {
    this.#setRow({ ...this.#need(distribution), ...change });
  }

  explain(planned: PlannedReason, nowMs: number): void {
    const row = this.#need(planned.distribution);
    const { reason, detail: reasonDetail, nextAttemptMs } = planned;
    const isSame = row.reason === reason;
    const sinceMs = isSame ? row.sinceMs : Math.max(row.sinceMs, nowMs);
    const isSaid =
      isSame && row.reasonDetail === reasonDetail && row.nextAttemptMs === nextAttemptMs;
    if (!isSaid) this.#setRow({ ...row, reason, reasonDetail, nextAttemptMs, sinceMs });
  }

  /** Facts about the device itself; the hub learns of them, contacts excepted. */
  patchDevice(change: Partial<Device>): void {
    this.#setDevice(boundedDevice({ ...this.#device, ...change }));
  }

  /** A fact that concerns the device, not one row. */
  deviceFact(
    fact: Pick<NewFact, "kind" | "atMs" | "protocol" | "value" | "by" | "source" | "text">,
  ): void {
    this.#facts.push({
      ...fact,
      text: fact.text === null ? null : cutText(fact.text, WORDS_CHARACTERS_MAX),
      device: this.#device.id,
      distribution: null,
      hlc: this.#nextHlc(),
      lastError: null,
      version: null,
      operation: null,
      incarnation: this.#device.incarnation,
      attempt: null,
      sequence: null,
      status: null,
      state: null,
      actor: null,
      anomaly: false,
      effect: "none",
    });
  }

  /**
   * Takes what a provider listed in one of its trees in the place of what it listed there before. A
   * product that is there for the device and for its user is kept as the device's.
   */
  setInventory(
    { provider, context }: Pick<InventoryRead, "provider" | "context">,
    items: readonly InventoryItem[],
    atMs: number,
  ): void {
    const others = this.#inventory.filter(
      (item) => item.provider !== provider || item.context !== context,
    );
    const isListed = (item: InventoryItem, list: readonly InventoryItem[]) =>
      list.some((one) => one.productId === item.productId);
    this.#inventory =
      context === "device"
        ? [...others.filter((item) => !isListed(item, items)), ...items]
        : [...others, ...items.filter((item) => !isListed(item, others))];
    this.#inventoryReads = [
      ...this.#inventoryReads.filter(
        (read) => read.provider !== provider || read.context !== context,
      ),
      { device: this.#device.id, provider, context, atMs },
    ];
    this.#setDevice({ ...this.#device, inventoryAtMs: atMs });
  }

  /** What was taken off the device is on none of its lists any more. */
  dropItems(isGone: (item: InventoryItem) => boolean): void {
    const kept = this.#inventory.filter((item) => !isGone(item));
    if (kept.length === this.#inventory.length) return;
    this.#inventory = kept;
    this.#changeCount++;
  }

  setDownload(node: DownloadNode): void {
    this.#downloads.set(node.productId, node);
    this.#touchedDownloads.add(node.productId);
    this.#changeCount++;
  }

  setInstant(instant: Instant): void {
    this.#touchedInstants.set(instant.startMs, instant);
    this.#changeCount++;
  }

  setTree(tree: VirtualTree | undefined): void {
    this.#tree = tree;
    this.#changeCount++;
  }

  setSession(session: StoredSession | null): void {
    this.#session = session;
  }

  setToken(token: DeviceToken): void {
    this.#token = token;
  }

  /** Takes these in the place of all that it told of itself by name. */
  setAttributes(attributes: readonly DeviceAttribute[]): void {
    this.#attributes = attributes;
  }

  /** By (distribution, attempt, protocol); a new one gets its number when it is stored. */
  setJob(job: Omit<DeviceJob, "id" | "device">): void {
    this.#jobs.push({ ...job, device: this.#device.id });
  }

  /** No certificate is good from now on that the device was issued. */
  revokeCertificates(atMs: number): void {
    this.#revoke = { atMs };
  }

  /**
   * Everything that changed, ready for one transaction. A changed device is itself a fact: it is
   * added here, last, so that it says what the device is after all changes.
   */
  changes(policy: Policy, nowMs: number): DeviceChanges {
    const ranked = rankRows(this.rows, (id) => policy.distributionsById.get(id)?.hlc ?? HLC_ZERO);
    const before = this.#before.installations;
    const installations = ranked.filter(
      (row, index) => row !== before[index] && !isStored(row, before),
    );
    if (isDeviceNews(this.#before.device, this.#device)) {
      this.deviceFact({
        kind: "device",
        atMs: nowMs,
        protocol: "site",
        source: "site",
        value: JSON.stringify(this.#device),
        text: null,
        by: "site",
      });
    }
    const instants = [...this.#touchedInstants.values()];
    const downloads = [...this.#touchedDownloads].flatMap((id) => this.#downloads.get(id) ?? []);
    return {
      device: this.#device.id,
      ...(this.#device === this.#before.device ? {} : { put: this.#device }),
      ...(installations.length > 0 ? { installations } : {}),
      ...(this.#facts.length > 0 ? { facts: this.#facts } : {}),
      ...(this.#inventory === this.#before.inventory ? {} : { inventory: this.#inventory }),
      ...(this.#inventoryReads === this.#before.inventoryReads
        ? {}
        : { inventoryReads: this.#inventoryReads }),
      ...(downloads.length > 0 ? { downloads } : {}),
      ...(instants.length > 0 ? { instants } : {}),
      ...(this.#tree === this.#before.tree ? {} : { tree: this.#tree ?? null }),
      ...(this.#session === undefined ? {} : { session: this.#session }),
      ...(this.#revoke === undefined ? {} : { revoke: this.#revoke }),
      ...(this.#token === undefined ? {} : { token: this.#token }),
      ...(this.#attributes === undefined ? {} : { attributes: this.#attributes }),
      ...(this.#jobs.length > 0 ? { jobs: this.#jobs } : {}),
    };
  }

  #take(folded: { device: Device; row: Installation; fact: NewFact }): void {
    this.#setDevice(folded.device);
    this.#setRow(folded.row);
    this.#facts.push(folded.fact);
  }

  #setDevice(device: Device): void {
    this.#device = device;
    this.#changeCount++;
  }

  #setRow(row: Installation): void {
    this.#rows().set(row.distribution, row);
    this.#rowList = undefined;
    this.#changeCount++;
  }

  #rows(): Map<DistributionId, Installation> {
    const { installations } = this.#before;
    this.#rowsById ??= new Map(installations.map((row) => [row.distribution, row]));
    return this.#rowsById;
  }

  #need(distribution: DistributionId): Installation {
    const row = this.#rows().get(distribution);
    if (!row) throw new Error(`invariant broken: no installation of ${distribution}`);
    return row;
  }
}

/** True when nothing is to be stored for these changes. */
export function isEmpty(changes: DeviceChanges): boolean {
  return Object.keys(changes).length === 1;
}

/** What a device says is kept as far as the hub can read it: one that talks without end speaks for one. */
function bounded(report: Report): Report {
  const { text, value, version } = report;
  return {
    ...report,
    value: cutText(value, WORDS_CHARACTERS_MAX),
    text: text === null ? null : cutText(text, WORDS_CHARACTERS_MAX),
    version: version === null ? null : cutText(version, NAME_CHARACTERS_MAX),
  };
}

const SILENT: ReadonlySet<string> = new Set(["lastContactMs", "sequence", "inventoryAtMs"]);

function isDeviceNews(before: Device, after: Device): boolean {
  if (before === after) return false;
  return (Object.keys(after) as (keyof Device)[]).some(
    (key) => !SILENT.has(key) && before[key] !== after[key],
  );
}

function isStored(row: Installation, stored: readonly Installation[]): boolean {
  const before = stored.find((one) => one.distribution === row.distribution);
  if (!before) return false;
  return (Object.keys(row) as (keyof Installation)[]).every((key) => row[key] === before[key]);
}
