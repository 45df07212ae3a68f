/** How files begin. What it is of a ZIP file or an archive, their contents tell. */
export type FirstKind =
  | "cab"
  | "compound"
  | "mz"
  | "zip"
  | "cpio"
  | "tar"
  | "deb"
  | "appimage"
  | "elf"
  | "other";

interface Beginning {
  readonly kind: FirstKind;
  readonly at: number;
  readonly text: string;
}

/** The first that fits counts. */
const BEGINNINGS: readonly Beginning[] = [
  { kind: "cab", at: 0, text: "MSCF" },
  { kind: "compound", at: 0, text: "\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1" },
  { kind: "mz", at: 0, text: "MZ" },
  { kind: "zip", at: 0, text: "PK\u0003\u0004" },
  // An empty one.
  { kind: "zip", at: 0, text: "PK\u0005\u0006" },
  { kind: "cpio", at: 0, text: "070701" },
  { kind: "cpio", at: 0, text: "070702" },
  { kind: "deb", at: 0, text: "!<arch>\ndebian" },
  { kind: "appimage", at: 8, text: "AI\u0002" },
  { kind: "appimage", at: 8, text: "AI\u0001" },
  { kind: "elf", at: 0, text: "\u007fELF" },
  { kind: "tar", at: 257, text: "ustar" },
];

/** What the first 512 bytes of a file say that it is. */
export function fileKindAt(first: Uint8Array): FirstKind {
  const begins = ({ at, text }: Beginning) =>
    [...text].every((character, n) => first[at + n] === character.charCodeAt(0));
  return BEGINNINGS.find(begins)?.kind ?? "other";
}

/** What a file may be by the end of its name. */
const BY_ENDING: Readonly<Record<string, readonly string[]>> = {
  cab: ["cab"],
  msi: ["msi"],
  exe: ["pe", "other"],
  dll: ["pe"],
  ocx: ["pe"],
  appx: ["appx"],
  appxbundle: ["appx"],
  msix: ["appx"],
  msixbundle: ["appx"],
  xap: ["xap", "appx"],
  apk: ["apk"],
  swu: ["swu"],
  mender: ["mender"],
  zip: ["zip", "appx", "xap", "apk"],
  tar: ["tar", "mender"],
  deb: ["deb"],
  appimage: ["appimage"],
};

/** Undefined for an ending that says nothing. */
export function kindsOfName(name: string): readonly string[] | undefined {
  const ending = /\.([A-Za-z]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
}
