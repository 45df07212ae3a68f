import {
  type AndroidManifest,
  readAndroidManifest,
} from "../../protocols/content/android-manifest.ts";
import {
  type AppxManifest,
  MANIFEST_LIMITS,
  readAppxManifest,
} from "../../protocols/content/appx-manifest.ts";
import { readXapManifest, type XapManifest } from "../../protocols/content/xap-manifest.ts";
import { inTurns, type RangeSource } from "./range-source.ts";
import { readZipEntries } from "./zip-entry.ts";

/** A ZIP file that is an app for some system, or just a ZIP file. */
export type ZipPackage =
  | { readonly kind: "xap"; readonly manifest: XapManifest }
  | { readonly kind: "appx"; readonly manifest: AppxManifest }
  | { readonly kind: "apk"; readonly manifest: AndroidManifest }
  | { readonly kind: "zip" };

/** By what is in it, whatever its name. A phone's XAP may carry an AppxManifest.xml beside its own. */
const MANIFESTS = [
  "WMAppManifest.xml",
  "AppxManifest.xml",
  "AppxMetadata/AppxBundleManifest.xml",
  "AndroidManifest.xml",
] as const;

/**
 * Reads the manifest of an app in a ZIP file.
 *
 * @throws ProtocolError `zip-…` for what is no ZIP file, and the rules of the manifests
 */
export async function readZipPackage(source: RangeSource): Promise<ZipPackage> {
  const entries = await readZipEntries(source, MANIFESTS, MANIFEST_LIMITS.bytesMax);
  const xap = entries.get("WMAppManifest.xml");
  if (xap !== undefined)
    return { kind: "xap", manifest: await inTurns(readXapManifest(xap.bytes)) };
  const appx =
    entries.get("AppxManifest.xml") ?? entries.get("AppxMetadata/AppxBundleManifest.xml");
  if (appx !== undefined) {
    return { kind: "appx", manifest: await inTurns(readAppxManifest(appx.bytes)) };
  }
  const apk = entries.get("AndroidManifest.xml");
  if (apk !== undefined) return { kind: "apk", manifest: readAndroidManifest(apk.bytes) };
  return { kind: "zip" };
}
