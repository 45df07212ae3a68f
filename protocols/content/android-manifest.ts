import { ProtocolError } from "../errors.ts";
import { type BinaryElement, readBinaryXml } from "./binary-xml.ts";

/** What an Android app says of itself. */
export interface AndroidManifest {
  readonly packageName: string;
  /** A number of up to 64 bits. Null where it has none. */
  readonly versionCode: string | null;
  /** For people; null where it is a resource of the app or missing. */
  readonly versionName: string | null;
  readonly label: string | null;
  readonly minSdk: number | null;
  readonly targetSdk: number | null;
}

/** Numbers of Android's own attributes, whose names tools may leave out. [AOSP, android.R.attr] */
const ATTRIBUTES = {
  label: 0x0101_0001,
  minSdk: 0x0101_020c,
  versionCode: 0x0101_021b,
  versionName: 0x0101_021c,
  targetSdk: 0x0101_0270,
  versionCodeMajor: 0x0101_0576,
};
const PACKAGE_NAME = /^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/;

/**
 * Reads AndroidManifest.xml of an APK.
 *
 * @throws ProtocolError `binary-xml`, `android-manifest`
 */
export function readAndroidManifest(bytes: Uint8Array): AndroidManifest {
  const elements = readBinaryXml(bytes);
  const [root] = elements;
  if (root?.name !== "manifest") throw broken("its root is no <manifest>");
  const packageName = root.attributes.find(({ name }) => name === "package")?.value ?? "";
  if (!PACKAGE_NAME.test(packageName)) throw broken("it names no package");
  const sdk = elements.find(({ name, depth }) => name === "uses-sdk" && depth === 1);
  const app = elements.find(({ name, depth }) => name === "application" && depth === 1);
  return {
    packageName,
    versionCode: versionCodeOf(root),
    versionName: find(root, "versionName")?.value ?? null,
    label: find(app, "label")?.value ?? null,
    minSdk: find(sdk, "minSdk")?.number ?? null,
    targetSdk: find(sdk, "targetSdk")?.number ?? null,
  };
}

function versionCodeOf(root: BinaryElement): string | null {
  const low = find(root, "versionCode")?.number;
  if (low === undefined || low === null) return null;
  const high = find(root, "versionCodeMajor")?.number ?? 0;
  return String((BigInt(high) << 32n) | BigInt(low));
}

function find(element: BinaryElement | undefined, name: keyof typeof ATTRIBUTES) {
  return element?.attributes.find(({ resource }) => resource === ATTRIBUTES[name]);
}

function broken(why: string): ProtocolError {
  return new ProtocolError("android-manifest", `AndroidManifest.xml cannot be used: ${why}`);
}
