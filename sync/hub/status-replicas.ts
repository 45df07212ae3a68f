import { applyUpdate, type Doc } from "yjs";
import { loadDocument, type TailSize, tailSizeOf } from "../documents/stored.ts";
import type { HubStore } from "../ports/hub-store.ts";
import { addLines, type Directories, emptyDirectories } from "../status/directories.ts";
import { type Clocks, readStatusUpdate } from "../status/read-update.ts";

/** What the hub keeps in memory of one status document: enough to read its next update. */
export interface StatusReplica {
  readonly directories: Directories;
  clocks: Clocks;
  tail: TailSize;
  version: number;
}

/** Status documents whose directories are kept in memory at once. */
const REPLICAS_MAX = 256;
/** What a whole stored document may hold; the frames it came in were checked one by one. */
const UNLIMITED = { elements: Number.MAX_SAFE_INTEGER, parts: Number.MAX_SAFE_INTEGER };

/**
 * The directories of the status documents at the hub, read from the stored updates without ever
 * loading a document. Least recently used ones are forgotten and read again.
 */
export class StatusReplicas {
  readonly #store: HubStore;
  readonly #replicas = new Map<string, StatusReplica>();

  constructor(store: HubStore) {
    this.#store = store;
  }

  empty(): StatusReplica {
    return {
      directories: emptyDirectories(),
      clocks: new Map(),
      tail: { updates: 0, bytes: 0, stateBytes: 0 },
      version: 0,
    };
  }

  /** Undefined when the document is not there or cannot be read: it has to be sent anew. */
  async find(name: string): Promise<StatusReplica | undefined> {
    const known = this.#replicas.get(name) ?? (await this.#read(name));
    if (known !== undefined) this.keep(name, known);
    return known;
  }

  /** What was read of this document may be ahead of what is stored: read it again next time. */
  forget(name: string): void {
    this.#replicas.delete(name);
  }

  keep(name: string, replica: StatusReplica): void {
    this.#replicas.delete(name);
    this.#replicas.set(name, replica);
    if (this.#replicas.size <= REPLICAS_MAX) return;
    const [oldest] = this.#replicas.keys();
    if (oldest !== undefined) this.#replicas.delete(oldest);
  }

  /** The document itself with an update applied, for folding its tail into its state. */
  async whole(name: string, update: Uint8Array): Promise<Doc> {
    const stored = await this.#store.document(name);
    if (stored === undefined) throw new Error(`invariant broken: ${name} is not stored`);
    const doc = loadDocument(stored);
    applyUpdate(doc, update);
    return doc;
  }

  async #read(name: string): Promise<StatusReplica | undefined> {
    const stored = await this.#store.document(name);
    if (stored === undefined) return undefined;
    const replica = { ...this.empty(), tail: tailSizeOf(stored), version: stored.version };
    try {
      for (const update of [stored.state, ...stored.tail]) {
        if (update.length === 0) continue;
        const { lines, clocks } = readStatusUpdate(update, replica.clocks, UNLIMITED);
        const problem = addLines(replica.directories, lines);
        if (problem !== undefined) return undefined;
        replica.clocks = clocks;
      }
    } catch {
      return undefined; // Damaged at rest: the caller asks the site to send it anew.
    }
    return replica;
  }
}
