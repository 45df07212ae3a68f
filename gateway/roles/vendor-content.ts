import type { RevisionSource } from "../../devices/model/package.ts";
import { unfetchedSources } from "../../devices/service/unfetched-sources.ts";
import { plainFileName } from "../../protocols/content/file-name.ts";
import type { PolicyHolder } from "../../sync/policy/policy-holder.ts";
import type { PolicyAuthor } from "../../sync/ports/policy-author.ts";
import { fetchFromVendor } from "../content/vendor-fetch.ts";
import { VendorFiles, type VendorWant } from "../content/vendor-files.ts";
import { SqlVendorIndex } from "../db/stores/vendor-index.ts";
import type { LocalSettingsStore } from "../http/use-cases.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";

export interface VendorContent extends AsyncDisposable {
  readonly files: VendorFiles;
  /** Starts what is due. A job calls it every few seconds. */
  readonly wake: () => void;
}

/**
 * Files from vendors, for the revisions that were made at this gateway: fetched as soon as they are
 * named, and pinned by a write of this gateway's own policy.
 */
export async function openVendorContent(
  fetchedBy: RevisionSource["fetchedBy"],
  { database, blobs, diskFloor }: Foundation,
  parts: {
    readonly holder: PolicyHolder;
    readonly author: PolicyAuthor;
    readonly settings: Pick<LocalSettingsStore, "read">;
  },
  { log, metrics }: RoleOptions,
): Promise<VendorContent> {
  const { holder, author, settings } = parts;
  const files = await VendorFiles.open({
    store: blobs,
    diskFloor,
    index: new SqlVendorIndex(database),
    fetchUrl: (url, request) =>
      fetchFromVendor({ origins: () => settings.read().contentOrigins }, url, request),
    pin: (revision, file) =>
      author.write([{ kind: "revision", id: revision, body: { file } }], fetchedBy),
    onFetched: (bytes) => metrics.count("outpost_content_fetched_bytes_total", {}, bytes),
    now: Date.now,
    random: Math.random,
    log,
  });
  const follow = () => files.want(unfetchedSources(holder.read(), fetchedBy).map(wantOf));
  const stop = holder.onChange(follow);
  follow();
  let origins = settings.read().contentOrigins;
  return {
    files,
    wake() {
      const known = origins;
      origins = settings.read().contentOrigins;
      if (origins === known) files.wake();
      else files.originsChanged();
    },
    async [Symbol.asyncDispose]() {
      stop();
      await files.close();
    },
  };
}

function wantOf({ revision, source }: ReturnType<typeof unfetchedSources>[number]): VendorWant {
  const { url, sha256 } = source;
  return { revision, url, sha256, name: nameOf(url) };
}

/** What the file is called at the vendor: the last part of the path. */
function nameOf(url: string): string {
  const segment = new URL(url).pathname.split("/").at(-1) ?? "";
  try {
    return plainFileName(decodeURIComponent(segment));
  } catch {
    return plainFileName(segment);
  }
}
