import type { RevisionId, Sha256 } from "../../devices/model/ids.ts";
import { UPLOAD_BYTES_MAX } from "../../devices/model/limits.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { BlobStore } from "./blob-store.ts";
import type { DiskFloor } from "./disk-floor.ts";
import { adoptStray } from "./hub-file.ts";
import { PullQueue, type PullQueueDeps, type PullRun } from "./pull-queue.ts";
import { type ContentResponse, corrupt, type TransferRequest, transfer } from "./transfer.ts";
import type { TransferTarget } from "./transfer-target.ts";
import type { VendorIndex, VendorRecord } from "./vendor-index.ts";

/** A revision whose file is still to be fetched from where its vendor offers it. */
export interface VendorWant {
  readonly revision: RevisionId;
  readonly url: string;
  /** What its bytes have to hash to; null: what comes first is pinned. */
  readonly sha256: Sha256 | null;
  readonly name: string;
}

export interface VendorFilesDeps extends Pick<PullQueueDeps<VendorWant>, "now" | "random" | "log"> {
  readonly store: BlobStore;
  readonly diskFloor: DiskFloor;
  readonly index: VendorIndex;
  readonly fetchUrl: (url: URL, request: TransferRequest) => Promise<ContentResponse>;
  /** Writes into the policy which file the revision has from now on. */
  readonly pin: (revision: RevisionId, file: PackageFile) => Promise<void>;
  readonly onFetched: (bytes: number) => void;
  /** Default `UPLOAD_BYTES_MAX`. */
  readonly bytesMax?: number;
}

/**
 * Files that revisions name by a vendor's URL: each is fetched once, resumed where the line broke, and
 * then pinned: from there on the revision has a file like any other, and its hash is what counts.
 */
export class VendorFiles {
  readonly #deps: VendorFilesDeps;
  readonly #records: Map<RevisionId, VendorRecord>;
  readonly #queue: PullQueue<VendorWant>;
  #wants: ReadonlyMap<RevisionId, VendorWant> = new Map();
  /** Pinning and forgetting, one after the other. */
  #chores: Promise<void> = Promise.resolve();
  readonly #pinning = new Set<RevisionId>();

  private constructor(deps: VendorFilesDeps, records: readonly VendorRecord[]) {
    this.#deps = deps;
    this.#records = new Map(records.map((record) => [record.revision, record]));
    this.#queue = new PullQueue<VendorWant>({
      ...deps,
      keyOf: ({ revision }) => revision,
      isHere: (want) => this.#hereOf(want) !== undefined,
      pull: (want, run) => this.#pull(want, run),
    });
  }

  static async open(deps: VendorFilesDeps): Promise<VendorFiles> {
    const files = new VendorFiles(deps, await deps.index.list());
    await deps.store.folder.discardVendorFilesBut(
      new Set([...files.#records.values()].map(({ revision, url }) => keyOf(revision, url))),
    );
    return files;
  }

  /** Says which revisions want their file, in place of the list before. What is here already is pinned. */
  want(wants: readonly VendorWant[]): void {
    const known = new Set([...this.#wants.keys(), ...this.#records.keys()]);
    this.#wants = new Map(wants.map((want) => [want.revision, want]));
    this.#queue.want(wants);
    this.#pinWhatIsHere();
    for (const revision of known) {
      if (!this.#wants.has(revision)) this.#chore(() => this.#forget(revision));
    }
  }

  /** Starts what is due, and pins what could not be pinned before. */
  wake(): void {
    this.#queue.wake();
    this.#pinWhatIsHere();
  }

  /** What was refused may be allowed now: another origin is on the list. */
  originsChanged(): void {
    this.#queue.tryAgain("refused");
  }

  /** How far the file is, as a sentence for people. */
  describe(revision: RevisionId): string {
    const want = this.#wants.get(revision);
    if (!want) return "Nothing asks for this file at the moment.";
    const from = `${want.name} from ${URL.parse(want.url)?.host ?? want.url}`;
    const progress = this.#queue.progress(revision);
    switch (progress?.kind) {
      case undefined:
        return `${from} is here and is being entered.`;
      case "queued":
        return `${from} waits for its turn to be fetched.`;
      case "running": {
        const total = this.#records.get(revision)?.bytes ?? null;
        const part = total === null ? "" : ` of ${total}`;
        return `${from} is being fetched: ${progress.fetchedBytes}${part} bytes.`;
      }
      case "waiting":
        return (
          `${from} is not here yet: ${progress.problem} ` +
          `Next attempt at ${new Date(progress.nextAtMs).toISOString().slice(0, 19)}Z.`
        );
    }
  }

  /** Resolves when nothing is under way and everything that is here was pinned. */
  async idle(): Promise<void> {
    await this.#queue.idle();
    await this.#chores;
  }

  async close(): Promise<void> {
    await this.#queue.close();
    await this.#chores;
  }

  /** The hash of the wanted file, when it is whole on the disk. */
  #hereOf({ revision, sha256 }: VendorWant): Sha256 | undefined {
    const known = sha256 ?? this.#records.get(revision)?.sha256;
    return known && this.#deps.store.has(known) ? known : undefined;
  }

  async #pull(want: VendorWant, { signal, onBytes, onFetched }: PullRun): Promise<void> {
    const { store, diskFloor, fetchUrl } = this.#deps;
    const url = new URL(want.url);
    if (await this.#findStray(want)) return;
    const deps = {
      folder: store.folder,
      diskFloor,
      ask: (request: TransferRequest) => fetchUrl(url, request),
      onFetched: (bytes: number) => {
        onFetched(bytes);
        this.#deps.onFetched(bytes);
      },
    };
    await transfer(deps, this.#target(want, url), signal, onBytes);
    this.#pinWhatIsHere();
  }

  /** A crash may have come between the file's name on the disk and the index. */
  async #findStray({ revision, name }: VendorWant): Promise<boolean> {
    const record = this.#records.get(revision);
    if (!record?.sha256 || record.bytes === null) return false;
    const { sha256, bytes } = record;
    return adoptStray(this.#deps.store, { sha256, name, bytes });
  }

  #target(want: VendorWant, url: URL): TransferTarget {
    const { store, bytesMax = UPLOAD_BYTES_MAX } = this.#deps;
    const { revision, name } = want;
    const record = this.#records.get(revision);
    const kept =
      record?.validator && record.filledBytes > 0
        ? { filledBytes: record.filledBytes, validator: record.validator }
        : undefined;
    return {
      sender: url.host,
      partialPath: store.folder.vendorPath(keyOf(revision, want.url)),
      // A file that begins anew may be another one now, of another length.
      bytes: kept && (record?.bytes ?? undefined),
      bytesMax,
      kept: () => kept,
      isHere: () => this.#hereOf(want) !== undefined,
      note: ({ filledBytes, validator, bytes, problem }) =>
        this.#put({
          revision,
          url: want.url,
          bytes: bytes ?? null,
          filledBytes,
          validator,
          sha256: null,
          problem,
        }),
      finish: async (partial) => {
        const { sha256 } = partial.digests();
        if (want.sha256 !== null && want.sha256 !== sha256) {
          throw corrupt(`${url.host} sent other bytes: their SHA-256 is ${sha256}.`);
        }
        // First which file it is: should the power fail now, it is found again as a stray.
        const whole = { revision, url: want.url, bytes: partial.bytes, filledBytes: 0 };
        await this.#put({ ...whole, validator: null, sha256, problem: null });
        await store.adopt(partial, name);
      },
    };
  }

  #pinWhatIsHere(): void {
    for (const want of this.#wants.values()) {
      const sha256 = this.#hereOf(want);
      if (sha256 === undefined || this.#pinning.has(want.revision)) continue;
      this.#pinning.add(want.revision);
      this.#chore(() => this.#pin(want, sha256));
    }
  }

  /** What fails is tried again at the next wake. */
  async #pin({ revision, name }: VendorWant, sha256: Sha256): Promise<void> {
    const { store, pin, log } = this.#deps;
    try {
      const record = store.find(sha256);
      if (record && this.#wants.has(revision)) {
        await pin(revision, { sha256, name, bytes: record.bytes });
      }
    } catch (error) {
      log.error("vendor-file-not-pinned", error, { revision });
    } finally {
      this.#pinning.delete(revision);
    }
  }

  #chore(work: () => Promise<void>): void {
    this.#chores = this.#chores.then(work).catch((error) => {
      this.#deps.log.error("vendor-file-chore-failed", error);
    });
  }

  async #put(record: VendorRecord): Promise<void> {
    await this.#deps.index.put(record);
    this.#records.set(record.revision, record);
  }

  /** Pinned or removed meanwhile: what is left of the transfer goes. */
  async #forget(revision: RevisionId): Promise<void> {
    const { store, index } = this.#deps;
    await this.#queue.ended(revision);
    const record = this.#records.get(revision);
    if (!record || this.#wants.has(revision)) return;
    this.#records.delete(revision);
    await index.remove(revision);
    await store.folder.discard(store.folder.vendorPath(keyOf(revision, record.url)));
  }
}

/** The name of the partial file: two revisions of one URL are two files. */
function keyOf(revision: RevisionId, url: string): string {
  return sha256Hex(`${revision}\n${url}`);
}
