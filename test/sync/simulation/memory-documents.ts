import type { DocumentWrite, StoredDocument } from "../../../sync/ports/documents.ts";
import type { PolicyRecord, PolicyStore, PolicyWrite } from "../../../sync/ports/policy-store.ts";

/** What of documents and policy is on a disk; plain data, so that a disk can be copied whole. */
export interface PolicyDisk {
  readonly documents: Map<string, StoredDocument>;
  readonly records: Map<string, PolicyRecord>;
  readonly secrets: Map<string, string>;
}

export function writeDocuments(disk: PolicyDisk, writes: readonly DocumentWrite[]): void {
  for (const write of writes) {
    const { name } = write;
    const before = disk.documents.get(name);
    if (write.kind === "remove") {
      disk.documents.delete(name);
    } else if (write.kind === "replace") {
      disk.documents.set(name, { name, state: write.state, tail: [], version: write.version });
    } else {
      const state = before?.state ?? new Uint8Array();
      const tail = [...(before?.tail ?? []), write.update];
      disk.documents.set(name, { name, state, tail, version: write.version });
    }
  }
}

export function writePolicy(disk: PolicyDisk, write: PolicyWrite): void {
  writeDocuments(disk, write.documents);
  for (const record of write.put) disk.records.set(`${record.kind}/${record.id}`, record);
  for (const { kind, id } of write.removed) disk.records.delete(`${kind}/${id}`);
  for (const { name, value } of write.secrets) {
    if (value === null) disk.secrets.delete(name);
    else disk.secrets.set(name, value);
  }
}

export class MemoryPolicyStore implements PolicyStore {
  readonly #disk: PolicyDisk;

  constructor(disk: PolicyDisk) {
    this.#disk = disk;
  }

  async load(): ReturnType<PolicyStore["load"]> {
    const { documents, records, secrets } = this.#disk;
    return {
      documents: [...documents.values()].filter(({ name }) => name.startsWith("policy/")),
      records: [...records.values()],
      secrets: new Map(secrets),
    };
  }

  async commit(write: PolicyWrite): Promise<void> {
    writePolicy(this.#disk, write);
  }
}
