import {
  type AppxManifest,
  MANIFEST_LIMITS,
  readAppxManifest,
} from "../../protocols/content/appx-manifest.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { readZipEntry, type ZipSource } from "./zip-entry.ts";

const MANIFESTS = ["AppxManifest.xml", "AppxMetadata/AppxBundleManifest.xml"];

/**
 * What an APPX, an MSIX or a bundle of them says of itself.
 *
 * @throws ProtocolError for a file that is none
 */
export async function readAppx(source: ZipSource): Promise<AppxManifest> {
  const entry = await readZipEntry(source, MANIFESTS, MANIFEST_LIMITS.bytesMax);
  if (entry === undefined) {
    throw new ProtocolError("appx-manifest", "there is no AppxManifest.xml in the file");
  }
  return readAppxManifest(entry.bytes);
}
