import type { DeviceId, RevisionId, Sha256 } from "../../devices/model/ids.ts";
import type { PackageFile, Revision } from "../../devices/model/package.ts";
import type { ContentCatalogue } from "../../devices/ports/content-catalogue.ts";
import type { BlobStore } from "./blob-store.ts";
import type { DeviceUrls } from "./device-urls.ts";
import type { Puller } from "./puller.ts";

export interface SiteContentDeps {
  readonly store: BlobStore;
  readonly urls: DeviceUrls;
  /** Undefined as long as there is no hub: files come by upload only. */
  readonly puller: Puller | undefined;
  /** How far a file is that this gateway itself fetches from its vendor. */
  readonly describeVendorFile: (revision: RevisionId) => string;
}

/** The content of a gateway as plans see it: what is here, what is on its way, and under which link. */
export class SiteContent implements ContentCatalogue {
  readonly #deps: SiteContentDeps;

  constructor(deps: SiteContentDeps) {
    this.#deps = deps;
    deps.store.onLost(({ sha256 }) => deps.puller?.lost(sha256));
  }

  has(sha256: Sha256): boolean {
    return this.#deps.store.has(sha256);
  }

  urlFor(file: PackageFile, device: DeviceId, untilMs: number, base: string): string {
    return this.#deps.urls.urlFor(file, device, untilMs, base);
  }

  /**
   * Says what all open distributions need, most urgent first; replaces the list before. Files that are
   * not here are written down as wanted, and fetched once, however often and by however many this is
   * called. Resolves when that is written down, not when the files are here.
   */
  async ensure(wanted: readonly PackageFile[]): Promise<void> {
    const { store, puller } = this.#deps;
    for (const { sha256, name, bytes } of wanted) {
      const record = store.find(sha256);
      if (record !== undefined && record.state !== "quarantined") continue;
      await store.note({
        sha256,
        md5: null,
        name,
        bytes,
        state: "wanted",
        filledBytes: 0,
        etag: null,
        problem: record?.problem ?? null,
        verifiedAtMs: null,
      });
    }
    puller?.want(wanted);
  }

  describeSource({ id, source }: Revision): string {
    if (source?.fetchedBy === "hub") return `The hub has not fetched ${source.url} yet.`;
    return this.#deps.describeVendorFile(id);
  }

  describeMissing(sha256: Sha256): string {
    const { store, puller } = this.#deps;
    const record = store.find(sha256);
    if (record?.state === "complete") return `${record.name} is on this gateway.`;
    const file = record?.name ?? "The file";
    const problem = record?.problem ? ` ${record.problem}` : "";
    if (!puller) {
      return `${file} is not on this gateway, and there is no hub to fetch it from: upload it here.${problem}`;
    }
    const progress = puller.progress(sha256);
    switch (progress?.kind) {
      case undefined:
        return `${file} is not on this gateway, and nothing asks for it at the moment.${problem}`;
      case "queued":
        return `${file} waits for its turn to be fetched from the hub.${problem}`;
      case "running":
        return `${file} is being fetched from the hub: ${portion(progress.fetchedBytes, record?.bytes)}.`;
      case "waiting": {
        const awaySinceMs = progress.failure === "away" ? puller.awaySinceMs : undefined;
        const reason =
          awaySinceMs === undefined
            ? progress.problem
            : `hub unreachable since ${second(awaySinceMs)}.`;
        return `${file} is not here yet: ${reason} Next attempt at ${second(progress.nextAtMs)}.`;
      }
    }
  }
}

function portion(bytes: number, ofBytes: number | undefined): string {
  if (!ofBytes) return "it has just begun";
  const percent = Math.floor((100 * bytes) / ofBytes);
  return `${mebibytes(bytes)} of ${mebibytes(ofBytes)} MiB (${percent} %)`;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1);
}

function second(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
