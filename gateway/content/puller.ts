import type { Sha256 } from "../../devices/model/ids.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import type { BlobStore } from "./blob-store.ts";
import type { DiskFloor } from "./disk-floor.ts";
import { adoptStray, hubFile } from "./hub-file.ts";
import { PullQueue, type PullQueueDeps } from "./pull-queue.ts";
import type { Beats } from "./stall-watch.ts";
import { type ContentResponse, type TransferRequest, transfer } from "./transfer.ts";

export interface ContentRequest extends TransferRequest {
  readonly sha256: Sha256;
}

/** Asks the hub for a file; throws when the hub cannot be reached. */
export type FetchContent = (request: ContentRequest) => Promise<ContentResponse>;

export interface PullerDeps extends Pick<PullQueueDeps<PackageFile>, "now" | "random" | "log"> {
  readonly store: BlobStore;
  readonly diskFloor: DiskFloor;
  readonly fetchContent: FetchContent;
  /** Told of every byte that came over the line. */
  readonly onFetched: (bytes: number) => void;
  /** As in `TransferDeps`. */
  readonly stallBeats?: Beats | undefined;
}

/** Brings the files that the policy names from the hub. */
export class Puller extends PullQueue<PackageFile> {
  constructor(deps: PullerDeps) {
    const { store, diskFloor, fetchContent, stallBeats } = deps;
    super({
      ...deps,
      keyOf: ({ sha256 }) => sha256,
      isHere: ({ sha256 }) => store.has(sha256),
      pull: async (file, { signal, onBytes, onFetched }) => {
        if (store.has(file.sha256) || (await adoptStray(store, file))) return;
        const { sha256 } = file;
        const transferDeps = {
          folder: store.folder,
          diskFloor,
          ask: (request: TransferRequest) => fetchContent({ sha256, ...request }),
          onFetched: (bytes: number) => {
            onFetched(bytes);
            deps.onFetched(bytes);
          },
          stallBeats,
        };
        await transfer(transferDeps, hubFile(store, file), signal, onBytes);
      },
    });
  }
}
