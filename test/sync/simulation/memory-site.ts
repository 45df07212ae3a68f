import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Fact, NewFact } from "../../../devices/model/fact.ts";
import { type DeviceId, deviceIdFrom, type SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { adoptDevice } from "../../../sync/merge.ts";
import type { StoredDocument } from "../../../sync/ports/documents.ts";
import {
  type Adoption,
  type ChangedRows,
  type FactPosition,
  INITIAL_POSITION,
  type LinkPosition,
  type LinkWrite,
  type OutboxFrame,
  type SiteIdentity,
  type SiteKeyring,
  type SiteLinkStore,
} from "../../../sync/ports/site-link-store.ts";
import { type PolicyDisk, writeDocuments } from "./memory-documents.ts";

/** A site's disk as plain data: `structuredClone` of it is a backup, or a cloned appliance. */
export interface SiteDisk extends PolicyDisk {
  keyring: SiteKeyring | undefined;
  identity: SiteIdentity | undefined;
  position: LinkPosition;
  restored: boolean;
  outbox: OutboxFrame[];
  facts: Fact[];
  revision: number;
  readonly rows: Map<string, { row: Installation; revision: number }>;
  readonly devices: Map<string, Device>;
}

/** The name of a site that has not joined. */
const LONE_SITE = "site" as SiteId;

export function emptySiteDisk(): SiteDisk {
  return {
    keyring: undefined,
    identity: undefined,
    position: INITIAL_POSITION,
    restored: false,
    outbox: [],
    facts: [],
    revision: 0,
    rows: new Map(),
    devices: new Map(),
    documents: new Map(),
    records: new Map(),
    secrets: new Map(),
  };
}

/** What a device session does to a site's disk: one transaction, as `SiteStore.commit` does it. */
export function commitDevice(
  disk: SiteDisk,
  changes: {
    readonly device: Device;
    readonly rows: readonly Installation[];
    readonly facts: readonly NewFact[];
  },
): void {
  disk.devices.set(changes.device.id, changes.device);
  for (const row of changes.rows) putRow(disk, row);
  putFacts(disk, changes.facts);
}

/** `SiteLinkStore` over plain data. */
export class MemorySiteLinkStore implements SiteLinkStore {
  readonly #disk: SiteDisk;

  constructor(disk: SiteDisk) {
    this.#disk = disk;
  }

  async keyring(): Promise<SiteKeyring | undefined> {
    return this.#disk.keyring;
  }

  async changeKeyring(before: SiteKeyring | undefined, after: SiteKeyring): Promise<void> {
    if (Bun.deepEquals(this.#disk.keyring, after)) return;
    if (!Bun.deepEquals(this.#disk.keyring, before)) {
      throw new AppError("conflict", "there are other keys");
    }
    this.#disk.keyring = after;
  }

  async identity(): Promise<SiteIdentity | undefined> {
    return this.#disk.identity;
  }

  async join(identity: SiteIdentity, position: LinkPosition): Promise<void> {
    const disk = this.#disk;
    const { site } = identity;
    let seq = lastSeq(disk, position.incarnation, site);
    disk.facts = disk.facts.map((fact) => {
      if (fact.site === site) return fact;
      seq += 1;
      return { ...fact, site, siteIncarnation: position.incarnation, seq };
    });
    const ids = new Map(
      [...disk.devices.values()].map(({ id, stableId }) => [
        id,
        deviceIdFrom(identity.organisation, stableId),
      ]),
    );
    const idNow = (device: DeviceId) => ids.get(device) ?? device;
    disk.facts = disk.facts.map((fact) => ({ ...fact, device: idNow(fact.device) }));
    const rows = [...disk.rows.values()];
    disk.rows.clear();
    for (const { row, revision } of rows) {
      const renamed = { ...row, site, device: idNow(row.device) };
      disk.rows.set(`${renamed.distribution}.${renamed.device}`, { row: renamed, revision });
    }
    const devices = [...disk.devices.values()];
    disk.devices.clear();
    for (const device of devices) {
      const renamed = { ...device, site, id: idNow(device.id) };
      disk.devices.set(renamed.id, renamed);
    }
    disk.identity = identity;
    disk.position = position;
  }

  async position(): Promise<LinkPosition> {
    return this.#disk.position;
  }

  async restored(): Promise<boolean> {
    return this.#disk.restored;
  }

  async changes(afterRevision: number, limit: number): Promise<ChangedRows> {
    const changed = [...this.#disk.rows.values()]
      .filter(({ revision }) => revision > afterRevision)
      .sort((a, b) => a.revision - b.revision);
    return {
      rows: changed.slice(0, limit),
      more: changed.length > limit,
      lastFacts: lastFacts(this.#disk),
    };
  }

  async facts(after: FactPosition, limit: number): Promise<readonly Fact[]> {
    return this.#disk.facts
      .filter((fact) => fact.siteIncarnation === after.incarnation && fact.seq > after.seq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  async pending(
    afterRevision: number,
    after: readonly FactPosition[],
  ): Promise<{ readonly rows: number; readonly facts: number }> {
    const rows = [...this.#disk.rows.values()].filter((one) => one.revision > afterRevision);
    const known = new Map(after.map(({ incarnation, seq }) => [incarnation, seq]));
    const facts = this.#disk.facts.filter(
      (fact) => fact.seq > (known.get(fact.siteIncarnation) ?? 0),
    );
    return { rows: rows.length, facts: facts.length };
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    return this.#disk.documents.get(name);
  }

  async oldestFrame(): Promise<OutboxFrame | undefined> {
    return this.#disk.outbox[0];
  }

  async commit(write: LinkWrite): Promise<void> {
    const disk = this.#disk;
    disk.position = write.position;
    if (write.keyring) disk.keyring = write.keyring;
    const through = write.dropFramesThrough ?? 0;
    disk.outbox = disk.outbox.filter(
      ({ incarnation, seq }) => incarnation !== write.position.incarnation || seq > through,
    );
    if (write.frame) disk.outbox.push(write.frame);
    writeDocuments(disk, write.documents ?? []);
  }

  async adopt(adoption: Adoption): Promise<void> {
    const disk = this.#disk;
    for (const from of adoption.renumber) {
      const siteIncarnation = adoption.position.incarnation;
      const before = lastSeq(disk, siteIncarnation);
      disk.facts = disk.facts.map((fact) =>
        fact.siteIncarnation === from.incarnation && fact.seq >= from.seq
          ? { ...fact, siteIncarnation, seq: before + fact.seq - from.seq + 1 }
          : fact,
      );
    }
    const decided: NewFact[] = [];
    for (const known of adoption.known) {
      const device = disk.devices.get(known.id);
      const rows = [...disk.rows.values()].map(({ row }) => row);
      const here = device && { device, rows: rows.filter((row) => row.device === device.id) };
      const adopted = adoptDevice(here, known);
      if (!adopted) continue;
      disk.devices.set(adopted.device.id, adopted.device);
      for (const row of adopted.rows) putRow(disk, row);
      decided.push(...adopted.facts);
    }
    writeDocuments(disk, adoption.documents);
    disk.outbox = [];
    disk.restored = false;
    disk.position = adoption.position;
    putFacts(disk, decided);
  }
}

function putFacts(disk: SiteDisk, facts: readonly NewFact[]): void {
  const site = disk.identity?.site ?? LONE_SITE;
  const { incarnation } = disk.position;
  for (const fact of facts) {
    const seq = lastSeq(disk, incarnation) + 1;
    disk.facts.push({ ...fact, site, siteIncarnation: incarnation, seq });
  }
}

function putRow(disk: SiteDisk, row: Installation): void {
  disk.revision += 1;
  disk.rows.set(`${row.distribution}.${row.device}`, { row, revision: disk.revision });
}

function lastSeq(
  disk: SiteDisk,
  incarnation: number,
  site = disk.identity?.site ?? LONE_SITE,
): number {
  return disk.facts
    .filter((fact) => fact.site === site && fact.siteIncarnation === incarnation)
    .reduce((last, fact) => Math.max(last, fact.seq), 0);
}

function lastFacts(disk: SiteDisk): FactPosition[] {
  const incarnations = [...new Set(disk.facts.map((fact) => fact.siteIncarnation))];
  return incarnations
    .sort((a, b) => a - b)
    .map((incarnation) => ({ incarnation, seq: lastSeq(disk, incarnation) }));
}
