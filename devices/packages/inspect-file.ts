import type { AndroidManifest } from "../../protocols/content/android-manifest.ts";
import type { AppxManifest } from "../../protocols/content/appx-manifest.ts";
import { fileKindAt, kindsOfName } from "../../protocols/content/file-kind.ts";
import type { XapManifest } from "../../protocols/content/xap-manifest.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { MeteredSource, type RangeSource, type ReadBudget } from "./range-source.ts";
import { type Cabinet, readCab } from "./read-cab.ts";
import { type MenderArtifact, readMender } from "./read-mender.ts";
import { type MsiPackage, readMsi } from "./read-msi.ts";
import { type PeFile, readPe } from "./read-pe.ts";
import { readSwu, type SwuImage } from "./read-swu.ts";
import { readZipPackage } from "./read-zip-package.ts";

/** What looking at a file may cost at most: the tables of a very large one are a tenth of it. */
export const INSPECTION_BUDGET: ReadBudget = { readsMax: 500_000, bytesMax: 128 * 1024 ** 2 };

/** What a file is by its bytes, and what it says of itself. */
export type Contents =
  | { readonly kind: "cab"; readonly cab: Cabinet }
  | { readonly kind: "msi"; readonly msi: MsiPackage }
  | { readonly kind: "pe"; readonly pe: PeFile }
  | { readonly kind: "appx"; readonly appx: AppxManifest }
  | { readonly kind: "xap"; readonly xap: XapManifest }
  | { readonly kind: "apk"; readonly apk: AndroidManifest }
  | { readonly kind: "swu"; readonly swu: SwuImage }
  | { readonly kind: "mender"; readonly mender: MenderArtifact }
  /** Known by its first bytes alone. */
  | { readonly kind: PlainKind };

export type PlainKind = "zip" | "tar" | "cpio" | "deb" | "appimage" | "elf" | "document" | "other";
export type ContentsKind = Contents["kind"];

/** It begins like a kind of file, but is not a whole one. */
export interface Damaged {
  readonly kind: ContentsKind;
  readonly problem: { readonly rule: string; readonly message: string };
}

/**
 * Looks at a file: its bytes decide what it is, its name never does. The same bytes always give the same
 * answer. Never throws ProtocolError: what is wrong with the file is the answer.
 */
export async function inspectFile(source: RangeSource): Promise<Contents | Damaged> {
  const metered = new MeteredSource(source, INSPECTION_BUDGET);
  const kind = fileKindAt(await metered.read(0, Math.min(FIRST_BYTES, source.length)));
  try {
    return await READERS[kind](metered);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { kind: SUSPECTED[kind], problem: { rule: error.rule, message: error.message } };
  }
}

const FIRST_BYTES = 512;
type FirstKind = ReturnType<typeof fileKindAt>;

const plain = (kind: PlainKind) => async (): Promise<Contents> => ({ kind });

const READERS: Readonly<Record<FirstKind, (source: RangeSource) => Promise<Contents>>> = {
  cab: async (source) => ({ kind: "cab", cab: await readCab(source) }),
  compound: async (source) => {
    const msi = await readMsi(source);
    return msi === undefined ? { kind: "document" } : { kind: "msi", msi };
  },
  mz: async (source) => {
    const pe = await readPe(source);
    return pe === undefined ? { kind: "other" } : { kind: "pe", pe };
  },
  zip: async (source) => {
    const found = await readZipPackage(source);
    switch (found.kind) {
      case "appx":
        return { kind: "appx", appx: found.manifest };
      case "xap":
        return { kind: "xap", xap: found.manifest };
      case "apk":
        return { kind: "apk", apk: found.manifest };
      case "zip":
        return { kind: "zip" };
    }
  },
  cpio: async (source) => {
    const swu = await readSwu(source);
    return swu === undefined ? { kind: "cpio" } : { kind: "swu", swu };
  },
  tar: async (source) => {
    const mender = await readMender(source);
    return mender === undefined ? { kind: "tar" } : { kind: "mender", mender };
  },
  deb: plain("deb"),
  appimage: plain("appimage"),
  elf: plain("elf"),
  other: plain("other"),
};

/** What a file is called that begins so and goes on wrong. */
const SUSPECTED: Readonly<Record<FirstKind, ContentsKind>> = {
  cab: "cab",
  compound: "msi",
  mz: "pe",
  zip: "zip",
  cpio: "cpio",
  tar: "tar",
  deb: "deb",
  appimage: "appimage",
  elf: "elf",
  other: "other",
};

/** What kinds are called in sentences. */
export const KIND_WORDS: Readonly<Record<ContentsKind, string>> = {
  cab: "a cabinet (CAB)",
  msi: "a Windows Installer package (MSI)",
  pe: "a Windows program",
  appx: "a packaged app (APPX, MSIX)",
  xap: "a Windows Phone app (XAP)",
  apk: "an Android app (APK)",
  swu: "an image for SWUpdate (SWU)",
  mender: "a Mender artifact",
  zip: "a ZIP file",
  tar: "a tar archive",
  cpio: "a cpio archive",
  deb: "a Debian package",
  appimage: "an AppImage",
  elf: "a Linux program",
  document: "an OLE file, such as an old Office document",
  other: "a file of no kind that is known here",
};

/** A sentence about a file whose name says something else than its bytes; undefined where they agree. */
export function nameProblem(name: string, kind: ContentsKind): string | undefined {
  const kinds: readonly string[] | undefined = kindsOfName(name);
  if (kinds === undefined || kinds.includes(kind)) return undefined;
  return `It is called ${name}, but its bytes are those of ${KIND_WORDS[kind]}.`;
}
