import type {
  DeviceAttribute,
  DeviceJob,
  DeviceToken,
  PullProtocol,
} from "../../../devices/model/agent-device.ts";
import type { DeviceCredential } from "../../../devices/model/credential.ts";
import type { Device, DeviceAlias } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type {
  DeviceChanges,
  DeviceView,
  Knock,
  SiteStore,
  StoredSession,
} from "../../../devices/ports/site-store.ts";

/** Devices whose state is kept in memory; the least recently used goes first. */
export const CACHED_DEVICES_MAX = 2000;

/** All that is stored about one device, as far as it was asked for. */
interface Entry {
  readonly view?: DeviceView | undefined;
  readonly credential?: DeviceCredential | undefined;
  readonly session?: StoredSession | undefined;
  readonly attributes?: readonly DeviceAttribute[] | undefined;
  readonly jobs?: readonly DeviceJob[] | undefined;
  readonly has: { readonly view: boolean; readonly credential: boolean; readonly session: boolean };
}

const NOTHING: Entry = { has: { view: false, credential: false, session: false } };

/**
 * A `SiteStore` that remembers what it read, because a device asks three times within a second.
 *
 * There is one writer, and it writes through here: a commit changes what is remembered after it is
 * on disk. Whoever writes the same tables by another way (the link, when it adopts what the hub
 * knows) calls `forget`.
 */
export class CachedSiteStore implements SiteStore {
  readonly #store: SiteStore;
  readonly #onCommit: (device: DeviceId) => void;
  readonly #entries = new Map<DeviceId, Entry>();
  readonly #aliases = new Map<string, DeviceId>();
  /** By protocol and digest. A new token is rare: all are read again then. */
  readonly #tokens = new Map<string, DeviceToken>();
  /** Rises whenever what is remembered may have become another. */
  #changes = 0;

  /** @param onCommit told of each device about which something was stored */
  constructor(store: SiteStore, onCommit: (device: DeviceId) => void = () => {}) {
    this.#store = store;
    this.#onCommit = onCommit;
  }

  /** What was remembered may be wrong from now on: it is read again. */
  forget(): void {
    this.#changes++;
    this.#entries.clear();
    this.#aliases.clear();
    this.#tokens.clear();
  }

  async find(id: DeviceId): Promise<Device | undefined> {
    const entry = this.#entries.get(id);
    return entry?.has.view ? entry.view?.device : this.#store.find(id);
  }

  async findByAlias(
    protocol: DeviceAlias["protocol"],
    externalId: string,
  ): Promise<Device | undefined> {
    const key = `${protocol} ${externalId}`;
    const known = this.#aliases.get(key);
    if (known) return this.find(known);
    const device = await this.#read(
      () => this.#store.findByAlias(protocol, externalId),
      (found) => found && this.#aliases.set(key, found.id),
    );
    if (this.#aliases.size > CACHED_DEVICES_MAX) this.#aliases.clear();
    return device;
  }

  deviceIds(): Promise<readonly DeviceId[]> {
    return this.#store.deviceIds();
  }

  devicesWithOrders(): Promise<readonly DeviceId[]> {
    return this.#store.devicesWithOrders();
  }

  async view(id: DeviceId): Promise<DeviceView | undefined> {
    const entry = this.#entries.get(id);
    if (entry?.has.view) return entry.view;
    return this.#read(
      () => this.#store.view(id),
      (view) => view && this.#remember(id, { view }),
    );
  }

  async credential(id: DeviceId): Promise<DeviceCredential | undefined> {
    const entry = this.#entries.get(id);
    if (entry?.has.credential) return entry.credential;
    return this.#read(
      () => this.#store.credential(id),
      (credential) => this.#remember(id, { credential }),
    );
  }

  async session(id: DeviceId): Promise<StoredSession | undefined> {
    const entry = this.#entries.get(id);
    if (entry?.has.session) return entry.session;
    return this.#read(
      () => this.#store.session(id),
      (session) => this.#remember(id, { session }),
    );
  }

  async findToken(protocol: PullProtocol, digest: string): Promise<DeviceToken | undefined> {
    const key = `${protocol} ${digest}`;
    const known = this.#tokens.get(key);
    if (known) return known;
    if (this.#tokens.size >= CACHED_DEVICES_MAX) this.#tokens.clear();
    return this.#read(
      () => this.#store.findToken(protocol, digest),
      (token) => token && this.#tokens.set(key, token),
    );
  }

  tokens(id: DeviceId): Promise<readonly DeviceToken[]> {
    return this.#store.tokens(id);
  }

  async attributes(id: DeviceId): Promise<readonly DeviceAttribute[]> {
    const known = this.#entries.get(id)?.attributes;
    if (known) return known;
    return this.#read(
      () => this.#store.attributes(id),
      (attributes) => this.#remember(id, { attributes }),
    );
  }

  async jobs(id: DeviceId): Promise<readonly DeviceJob[]> {
    const known = this.#entries.get(id)?.jobs;
    if (known) return known;
    return this.#read(
      () => this.#store.jobs(id),
      (jobs) => this.#remember(id, { jobs }),
    );
  }

  async commit(changes: readonly DeviceChanges[]): Promise<void> {
    try {
      await this.#store.commit(changes);
    } catch (error) {
      this.#changes++;
      // Nothing was stored; what is remembered is still true, but it costs little to be sure.
      for (const { device } of changes) this.#entries.delete(device);
      this.#tokens.clear();
      throw error;
    }
    for (const change of changes) {
      this.#apply(change);
      this.#onCommit(change.device);
    }
  }

  knock(
    knock: Omit<Knock, "firstAtMs" | "lastAtMs" | "count"> & { readonly atMs: number },
  ): Promise<void> {
    return this.#store.knock(knock);
  }

  /**
   * What was read while something was stored may be older than that: it is given, and not remembered.
   * Not everybody who reads holds the device's lock.
   */
  async #read<T>(read: () => Promise<T>, remember: (value: T) => void): Promise<T> {
    const before = this.#changes;
    const value = await read();
    if (this.#changes === before) remember(value);
    return value;
  }

  #apply(change: DeviceChanges): void {
    this.#changes++;
    if (change.token) this.#tokens.clear();
    const { device, credential, session, attributes, jobs, forgetJobs } = change;
    const view = this.#entries.get(device)?.view;
    const known = {
      ...(view && { view: viewAfter(view, change) }),
      ...(credential && { credential }),
      ...(session !== undefined && { session: session ?? undefined }),
      ...(attributes !== undefined && { attributes: inOrder(attributes) }),
      // A new one has got its number from the database: they are read again.
      ...((jobs !== undefined || forgetJobs) && { jobs: undefined }),
    };
    if (Object.keys(known).length > 0) this.#remember(device, known);
  }

  #remember(id: DeviceId, known: Omit<Entry, "has">): void {
    const entry = this.#entries.get(id) ?? NOTHING;
    this.#entries.delete(id);
    this.#entries.set(id, {
      ...entry,
      ...known,
      has: {
        view: entry.has.view || "view" in known,
        credential: entry.has.credential || "credential" in known,
        session: entry.has.session || "session" in known,
      },
    });
    if (this.#entries.size <= CACHED_DEVICES_MAX) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }
}

function inOrder(attributes: readonly DeviceAttribute[]): readonly DeviceAttribute[] {
  return [...attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The view as it is read after the changes were stored. */
function viewAfter(view: DeviceView, change: DeviceChanges): DeviceView {
  const tree = change.tree === undefined ? view.tree : change.tree;
  return {
    device: change.put ?? view.device,
    installations: upserted(view.installations, change.installations, (row) => row.distribution),
    inventory: change.inventory ?? view.inventory,
    inventoryReads: change.inventoryReads ?? view.inventoryReads,
    downloads: upserted(view.downloads, change.downloads, (node) => node.productId),
    instants: change.instants
      ? upserted(view.instants, change.instants, (instant) => instant.startMs).filter(
          (instant) => !instant.closed,
        )
      : view.instants,
    ...(tree ? { tree } : {}),
  };
}

function upserted<Item>(
  items: readonly Item[],
  changed: readonly Item[] | undefined,
  keyOf: (item: Item) => string | number,
): readonly Item[] {
  if (!changed || changed.length === 0) return items;
  const after = [...items];
  for (const item of changed) {
    const key = keyOf(item);
    const at = after.findIndex((one) => keyOf(one) === key);
    if (at < 0) after.push(item);
    else after[at] = item;
  }
  return after;
}
