import type { Sha256 } from "../../devices/model/ids.ts";
import {
  type Contents,
  type ContentsKind,
  type Damaged,
  inspectFile,
  nameProblem,
} from "../../devices/packages/inspect-file.ts";
import { FileSource, type RangeSource } from "../../devices/packages/range-source.ts";
import type { AppxDependency } from "../../protocols/content/appx-manifest.ts";
import {
  familyNameOf,
  fullNameOf,
} from "../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import type { BlobStore } from "./blob-store.ts";

/** Files of which is remembered what is in them. */
export const INSPECTIONS_KEPT = 500;
/** Files inside a file that are listed; all are counted. */
export const MEMBERS_LISTED_MAX = 200;

/** What a file on hand is, by its bytes, and what it says of itself. */
export interface FileContents {
  readonly kind: ContentsKind;
  /** For people: of the product and of who made it. */
  readonly name: string | null;
  readonly publisher: string | null;
  readonly version: string | null;
  readonly architecture: string | null;
  /** Why it is no whole file of its kind; null where nothing is wrong. */
  readonly problem: { readonly rule: string; readonly message: string } | null;
  /** Sentences about what somebody should know who uses it. */
  readonly warnings: readonly string[];
  readonly pe: { readonly productVersion: string | null } | null;
  readonly msi: { readonly productCode: string; readonly upgradeCode: string | null } | null;
  readonly appx: AppxNames | null;
  readonly xap: { readonly productId: string } | null;
  readonly apk: ApkNames | null;
  readonly swu: { readonly hardware: readonly string[]; readonly isSigned: boolean } | null;
  readonly mender: MenderNames | null;
  /** Files inside; null for a kind that is not looked into. */
  readonly members: Members | null;
}

export interface AppxNames {
  readonly familyName: string;
  readonly fullName: string;
  /** A library that others need, and no app. */
  readonly isFramework: boolean;
  readonly minimumOsVersion: string | null;
  readonly dependencies: readonly AppxDependency[];
}

export interface ApkNames {
  readonly packageName: string;
  readonly versionCode: string | null;
  readonly minSdk: number | null;
  readonly targetSdk: number | null;
}

export interface MenderNames {
  readonly formatVersion: number;
  readonly deviceTypes: readonly string[];
  readonly payloadTypes: readonly string[];
  readonly isSigned: boolean;
}

export interface Members {
  readonly count: number;
  readonly listed: readonly Member[];
}

export interface Member {
  readonly path: string;
  readonly bytes: number;
  readonly version: string | null;
}

const inspected = new WeakMap<BlobStore, Map<Sha256, Promise<FileContents>>>();

/**
 * What a file on hand is; undefined for one that is not here. The same bytes always say the same, so each
 * is looked at once and remembered. What is wrong with it is part of the answer.
 */
export async function readContents(
  store: BlobStore,
  sha256: Sha256,
): Promise<FileContents | undefined> {
  const record = store.find(sha256);
  const blob = record && (await store.open(sha256));
  if (record === undefined || blob === undefined) return undefined;
  const known = inspected.get(store) ?? new Map<Sha256, Promise<FileContents>>();
  inspected.set(store, known);
  const looking = known.get(sha256) ?? inspect(blob.path);
  known.delete(sha256);
  known.set(sha256, looking);
  for (const oldest of known.keys()) {
    if (known.size <= INSPECTIONS_KEPT) break;
    known.delete(oldest);
  }
  try {
    const contents = await looking;
    const misnamed = nameProblem(record.name, contents.kind);
    if (misnamed === undefined) return contents;
    return { ...contents, warnings: [misnamed, ...contents.warnings] };
  } catch (error) {
    // The disk, not the file: asked again, it may be read.
    known.delete(sha256);
    throw error;
  }
}

async function inspect(path: string): Promise<FileContents> {
  await using source = await FileSource.open(path);
  return await contentsOf(source);
}

/** What a file is, whatever it is called. */
export async function contentsOf(source: RangeSource): Promise<FileContents> {
  const found = await inspectFile(source);
  if ("problem" in found) return { ...NOTHING_SAID, kind: found.kind, problem: found.problem };
  return { ...NOTHING_SAID, kind: found.kind, ...factsOf(found) };
}

/** Of a file that says nothing of itself. */
export const NOTHING_SAID: Omit<FileContents, "kind"> = {
  name: null,
  publisher: null,
  version: null,
  architecture: null,
  problem: null,
  warnings: [],
  pe: null,
  msi: null,
  appx: null,
  xap: null,
  apk: null,
  swu: null,
  mender: null,
  members: null,
};

function factsOf(found: Exclude<Contents, Damaged>): Partial<FileContents> {
  switch (found.kind) {
    case "cab":
      return cabFacts(found.cab);
    case "msi":
      return msiFacts(found.msi);
    case "pe":
      return peFacts(found.pe);
    case "appx":
      return appxFacts(found.appx);
    case "xap": {
      const { title, publisher, version, productId } = found.xap;
      return { name: title, publisher, version, xap: { productId } };
    }
    case "apk": {
      const { label, packageName, versionName, versionCode, minSdk, targetSdk } = found.apk;
      const apk = { packageName, versionCode, minSdk, targetSdk };
      return { name: label ?? packageName, version: versionName ?? versionCode, apk };
    }
    case "swu": {
      const { name, version, hardware, isSigned, files } = found.swu;
      const members = files.map(({ name: path, bytes }) => ({ path, bytes, version: null }));
      return { name, version, swu: { hardware, isSigned }, members: membersOf(members) };
    }
    case "mender":
      return menderFacts(found.mender);
    default:
      return {};
  }
}

type Of<Kind extends ContentsKind> = Extract<Contents, { readonly kind: Kind }>;

function cabFacts(cab: Of<"cab">["cab"]): Partial<FileContents> {
  const packed = cab.folders.map(({ compression }) => compression);
  const strange = packed.find((one) => one === "LZX" || one === "Quantum");
  return {
    members: membersOf(cab.files.map(({ path, bytes }) => ({ path, bytes, version: null }))),
    warnings:
      strange === undefined
        ? []
        : [
            `It is compressed with ${strange}, which is not unpacked here: no metric can be made of a ` +
              "file inside. Make it with MSZIP for that.",
          ],
  };
}

function msiFacts(msi: Of<"msi">["msi"]): Partial<FileContents> {
  const beside = msi.cabinets.filter(({ isEmbedded }) => !isEmbedded);
  return {
    name: msi.productName || null,
    publisher: msi.manufacturer,
    version: msi.productVersion || null,
    architecture: msi.architecture,
    msi: { productCode: msi.productCode, upgradeCode: msi.upgradeCode },
    members: membersOf(
      msi.files.map(({ name: path, bytes, version }) => ({ path, bytes, version })),
    ),
    warnings:
      beside.length === 0
        ? []
        : [
            `Its files are in ${beside.map(({ name }) => name).join(", ")} beside it, which no device ` +
              "gets: make it with its cabinets inside.",
          ],
  };
}

function peFacts({ architecture, version }: Of<"pe">["pe"]): Partial<FileContents> {
  return {
    name: version?.strings.get("ProductName") ?? version?.strings.get("FileDescription") ?? null,
    publisher: version?.strings.get("CompanyName") ?? null,
    version: version?.fileVersion ?? null,
    architecture,
    pe: { productVersion: version?.productVersion ?? null },
  };
}

function appxFacts(appx: Of<"appx">["appx"]): Partial<FileContents> {
  const { identity, displayName, publisherDisplayName, isFramework } = appx;
  return {
    name: displayName ?? identity.name,
    publisher: publisherDisplayName ?? identity.publisher,
    version: identity.version,
    architecture: identity.architecture,
    appx: {
      familyName: familyNameOf(identity),
      fullName: fullNameOf(identity),
      isFramework,
      minimumOsVersion: appx.minimumOsVersion,
      dependencies: appx.dependencies,
    },
  };
}

function menderFacts(artifact: Of<"mender">["mender"]): Partial<FileContents> {
  const { formatVersion, isSigned, header, compression } = artifact;
  const { deviceTypes = [], payloadTypes = [] } = header ?? {};
  return {
    name: header?.artifactName ?? null,
    mender: { formatVersion, deviceTypes, payloadTypes, isSigned },
    warnings:
      header === null
        ? [`Its header is compressed with ${compression}, which is not unpacked here: use gzip.`]
        : [],
  };
}

function membersOf(members: readonly Member[]): Members {
  return { count: members.length, listed: members.slice(0, MEMBERS_LISTED_MAX) };
}
