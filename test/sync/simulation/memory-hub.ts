import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import type { DeviceId, SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { hubIncarnation } from "../../../devices/service/register-device.ts";
import type { StoredDocument } from "../../../sync/ports/documents.ts";
import type {
  DeviceAtHub,
  HubIdentity,
  HubStore,
  InboxEntry,
  IngestWrite,
  IssuedIncarnation,
  JoinCode,
  QuarantinedFrame,
  RowsAmong,
  SiteRecord,
} from "../../../sync/ports/hub-store.ts";
import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import { type PolicyDisk, writeDocuments, writePolicy } from "./memory-documents.ts";

/** The hub's disk as plain data. */
export interface HubDisk extends PolicyDisk {
  identity: HubIdentity | undefined;
  readonly joinCodes: Map<string, JoinCode>;
  readonly sites: Map<string, SiteRecord>;
  readonly inbox: Map<string, InboxEntry>;
  readonly facts: Map<string, Fact>;
  readonly positions: Map<string, FactPosition & { readonly site: SiteId }>;
  readonly rows: Map<string, Installation>;
  readonly devices: Map<string, Device>;
  readonly quarantine: Map<string, QuarantinedFrame>;
  readonly issued: Map<DeviceId, number>;
}

export function emptyHubDisk(): HubDisk {
  return {
    identity: undefined,
    joinCodes: new Map(),
    sites: new Map(),
    inbox: new Map(),
    facts: new Map(),
    positions: new Map(),
    rows: new Map(),
    devices: new Map(),
    quarantine: new Map(),
    issued: new Map(),
    documents: new Map(),
    records: new Map(),
    secrets: new Map(),
  };
}

/** `HubStore` over plain data. */
export class MemoryHubStore implements HubStore {
  readonly #disk: HubDisk;

  constructor(disk: HubDisk) {
    this.#disk = disk;
  }

  async identity(): Promise<HubIdentity | undefined> {
    return this.#disk.identity;
  }

  async putIdentity(identity: HubIdentity): Promise<void> {
    if (this.#disk.identity && !Bun.deepEquals(this.#disk.identity, identity)) {
      throw new AppError("conflict", "there is another identity");
    }
    this.#disk.identity = identity;
  }

  async putJoinCode(code: JoinCode): Promise<void> {
    this.#disk.joinCodes.set(code.codeHash, code);
  }

  async findJoinCode(codeHash: string): Promise<JoinCode | undefined> {
    return this.#disk.joinCodes.get(codeHash);
  }

  async join(site: SiteRecord, used: JoinCode): Promise<void> {
    this.#disk.sites.set(site.id, site);
    this.#disk.joinCodes.set(used.codeHash, used);
  }

  async sites(): Promise<readonly SiteRecord[]> {
    return [...this.#disk.sites.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async site(id: SiteId): Promise<SiteRecord | undefined> {
    return this.#disk.sites.get(id);
  }

  async putSite(site: SiteRecord): Promise<void> {
    this.#disk.sites.set(site.id, site);
  }

  async inboxEntry(
    site: SiteId,
    incarnation: number,
    frameSeq: number,
  ): Promise<InboxEntry | undefined> {
    return this.#disk.inbox.get(`${site}.${incarnation}.${frameSeq}`);
  }

  async document(name: string): Promise<StoredDocument | undefined> {
    return this.#disk.documents.get(name);
  }

  async documentNames(prefix: string): Promise<readonly string[]> {
    return [...this.#disk.documents.keys()].filter((name) => name.startsWith(prefix));
  }

  async quarantinedBytes(site: SiteId): Promise<number> {
    return [...this.#disk.quarantine.values()]
      .filter((one) => one.site === site)
      .reduce((sum, { frame }) => sum + frame.length, 0);
  }

  async factPositions(site: SiteId): Promise<readonly FactPosition[]> {
    return [...this.#disk.positions.values()]
      .filter((position) => position.site === site)
      .map(({ incarnation, seq }) => ({ incarnation, seq }))
      .sort((a, b) => a.incarnation - b.incarnation);
  }

  async facts(site: SiteId, after: FactPosition, limit: number): Promise<readonly Fact[]> {
    return [...this.#disk.facts.values()]
      .filter((fact) => fact.site === site && fact.siteIncarnation === after.incarnation)
      .filter((fact) => fact.seq > after.seq)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  async devices(
    ids: readonly DeviceId[],
    among?: RowsAmong,
  ): Promise<ReadonlyMap<DeviceId, DeviceAtHub>> {
    const found = new Map<DeviceId, DeviceAtHub>();
    for (const id of ids) {
      const rows = [...this.#disk.rows.values()].filter(
        (row) => row.device === id && isAmong(row, among),
      );
      const devices = [...this.#disk.devices.values()].filter((device) => device.id === id);
      if (rows.length > 0 || devices.length > 0) found.set(id, { rows, devices });
    }
    return found;
  }

  async deviceIdsOf(
    site: SiteId,
    after: DeviceId | "",
    limit: number,
  ): Promise<readonly DeviceId[]> {
    const told = [...this.#disk.devices.values()].filter((one) => one.site === site);
    const rows = [...this.#disk.rows.values()].filter((row) => row.site === site);
    const ids = new Set([...told.map(({ id }) => id), ...rows.map(({ device }) => device)]);
    return [...ids]
      .filter((id) => id > after)
      .sort()
      .slice(0, limit);
  }

  async ingest(write: IngestWrite): Promise<void> {
    const disk = this.#disk;
    const { inbox, site } = write;
    disk.sites.set(site.id, site);
    disk.inbox.set(`${inbox.site}.${inbox.incarnation}.${inbox.frameSeq}`, inbox);
    writeDocuments(disk, write.documents ?? []);
    for (const fact of write.facts ?? []) {
      disk.facts.set(`${fact.site}.${fact.siteIncarnation}.${fact.seq}`, fact);
    }
    if (write.factPosition) {
      const key = `${site.id}.${write.factPosition.incarnation}`;
      disk.positions.set(key, { site: site.id, ...write.factPosition });
    }
    for (const device of write.devices ?? []) {
      disk.devices.set(`${device.site}.${device.id}`, device);
    }
    for (const row of write.rows ?? []) {
      disk.rows.set(`${row.site}.${row.distribution}.${row.device}`, row);
    }
    if (write.policy) writePolicy(disk, write.policy);
    if (write.leavesQuarantine !== undefined) disk.quarantine.delete(write.leavesQuarantine);
    if (write.quarantined) disk.quarantine.set(write.quarantined.id, write.quarantined);
  }

  async issueIncarnations(ids: readonly DeviceId[]): Promise<readonly IssuedIncarnation[]> {
    return ids.map((device) => {
      const of = [
        ...[...this.#disk.rows.values()].filter((row) => row.device === device),
        ...[...this.#disk.devices.values()].filter((one) => one.id === device),
      ];
      const last = of.map((one) => one.incarnation);
      const incarnation = hubIncarnation(Math.max(0, this.#disk.issued.get(device) ?? 0, ...last));
      this.#disk.issued.set(device, incarnation);
      return { device, incarnation, sequence: Math.max(0, ...of.map((one) => one.sequence)) };
    });
  }
}

function isAmong(row: Installation, among: RowsAmong | undefined): boolean {
  return (
    among === undefined ||
    among.packages.includes(row.package) ||
    among.distributions.includes(row.distribution)
  );
}
