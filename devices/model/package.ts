import type { Platform } from "./device.ts";
import type { PackageId, RevisionId, Sha256 } from "./ids.ts";
import type { Action } from "./install-action.ts";
import type { NumberedMetric } from "./metric.ts";

/** An app: the same product in all its versions. */
export interface Package {
  readonly id: PackageId;
  readonly name: string;
  readonly platform: Platform;
  /** The product's GUID in braces and upper case, where the platform has one. */
  readonly productId: string | null;
  readonly publisher: string | null;
  readonly description: string;
  readonly createdAtMs: number;
}

/** The configuration service providers of Windows that install apps, each its own kinds of package. */
export const PROVIDERS = [
  "EnterpriseAppManagement",
  "EnterpriseDesktopAppManagement",
  "EnterpriseModernAppManagement",
] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Ways onto a device beside the providers: programs on it that come and ask for work. */
export const AGENT_CHANNELS = [
  "agent", // Install actions and metrics, for Outpost's agent and for Windows CE's client.
  "ddi", // Artifacts for clients of hawkBit's Direct Device Integration API.
  "mender", // A Mender artifact.
] as const;

/** What gets a revision onto a device. */
export const INSTALLERS = [...PROVIDERS, ...AGENT_CHANNELS] as const;
export type Installer = (typeof INSTALLERS)[number];

export const CHANNELS = [...INSTALLERS, "reported"] as const;
/** `reported`: the site does not install it, it only records what an MDM or agent says (D13). */
export type Channel = (typeof CHANNELS)[number];

/** For whom an app is installed: for the whole device, or for the user who is signed in. */
export const INSTALL_CONTEXTS = ["device", "user"] as const;
export type InstallContext = (typeof INSTALL_CONTEXTS)[number];

export const LICENCES = ["none", "device", "user"] as const;
export type Licence = (typeof LICENCES)[number];

/** Which devices a revision is for. A missing field fits every device; given ones are ANDed. [Q14] */
export interface Targeting {
  readonly cpu: string | null;
  readonly osMajor: number | null;
  readonly osPlatform: string | null;
}

export interface PackageFile {
  readonly sha256: Sha256;
  readonly name: string;
  readonly bytes: number;
}

/** How an MSI is installed. */
export interface MsiInstall {
  /** The MSI's ProductCode: a GUID in braces and upper case. Another one for each version, mostly. */
  readonly productCode: string;
  /** What versions of one product have in common, in the same form; null where it is not known. */
  readonly upgradeCode: string | null;
  readonly context: InstallContext;
  /** Options for msiexec. */
  readonly commandLine: string;
  /** After so many minutes the device gives up on msiexec; 0: never. */
  readonly timeoutMinutes: number;
  /** How often the device tries again by itself, and after how many minutes. */
  readonly retryCount: number;
  readonly retryIntervalMinutes: number;
  /** The device sends its user's Azure AD token along when it downloads. */
  readonly downloadFromAad: boolean;
  /** Further addresses of the same file, tried in this order when the site's own fails. */
  readonly fallbackUrls: readonly string[];
}

/** How a packaged app (APPX, MSIX) is installed. */
export interface MsixInstall {
  /** The package family name, the same for all versions. */
  readonly familyName: string;
  /** The package full name, of this very version; null where it is not known. */
  readonly fullName: string | null;
  readonly context: InstallContext;
  /** Frameworks and the like that it needs, installed with it in this order. */
  readonly dependencies: readonly PackageFile[];
  /** A bit set of Windows' deployment options; only installations for a user have them. */
  readonly deploymentOptions: number;
}

/** What an agent carries out: install actions and the metrics that say whether it has to. */
export interface AgentInstall {
  /** What Download actions fetch and metrics are derived from; no two have one name. */
  readonly files: readonly PackageFile[];
  /** In order. */
  readonly actions: readonly Action[];
  /** Take it off again; empty: it cannot be uninstalled. */
  readonly uninstall: readonly Action[];
  /** May be changed until a distribution names the revision. */
  readonly metrics: readonly NumberedMetric[];
}

/** How urgently a DDI client is to take it. [agents 1.3] */
export const DDI_HANDLINGS = ["forced", "soft", "download-only"] as const;
export type DdiHandling = (typeof DDI_HANDLINGS)[number];

/** A software module of hawkBit: what belongs together on the device. */
export interface DdiChunk {
  /** Such as `os`, or `bApp` for what hawkBit calls an application. */
  readonly part: string;
  readonly name: string;
  readonly version: string;
  readonly files: readonly PackageFile[];
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

/** What a DDI client is given. */
export interface DdiInstall {
  readonly handling: DdiHandling;
  readonly chunks: readonly DdiChunk[];
}

/** What Mender's client is told of the artifact, which is the revision's file. [agents 3] */
export interface MenderInstall {
  /** As the artifact says it itself: the client compares it with what it has. */
  readonly artifactName: string;
  readonly deviceTypes: readonly string[];
}

/** Limits of what a revision may say. */
export const FILES_MAX = 50;
export const CHUNKS_MAX = 100;
export const DEVICE_TYPES_MAX = 100;
export const COMMAND_LINE_CHARACTERS_MAX = 2_000;
export const MINUTES_MAX = 7 * 24 * 60;
export const RETRIES_MAX = 100;
export const FALLBACK_URLS_MAX = 8;
export const URL_CHARACTERS_MAX = 2_000;
export const DEPENDENCIES_MAX = 32;
export const DEPLOYMENT_OPTIONS_MAX = 255;

export const MSI_DEFAULTS = {
  commandLine: "/quiet /norestart",
  timeoutMinutes: 60,
  retryCount: 3,
  retryIntervalMinutes: 5,
} as const;

/**
 * Where a vendor offers a revision's file. The gateway that made the revision fetches it once and writes
 * down which file it is; from then on the revision has a file like any other.
 */
export interface RevisionSource {
  /** http or https, of an origin that an administrator of that gateway has allowed. */
  readonly url: string;
  /** What the bytes have to hash to; null: what is fetched first is pinned. */
  readonly sha256: Sha256 | null;
  readonly fetchedBy: "hub" | "site";
}

/** One version of an app. Never edited: a change is a new revision. */
export interface Revision {
  readonly id: RevisionId;
  readonly package: PackageId;
  readonly version: string;
  readonly channel: Channel;
  /** Null where nothing is installed from a file, and until it was fetched from its source. */
  readonly file: PackageFile | null;
  /** What EnterpriseDesktopAppManagement has to know; null for what it does not install. */
  readonly msi: MsiInstall | null;
  /** What EnterpriseModernAppManagement has to know; null for what it does not install. */
  readonly msix: MsixInstall | null;
  /** What an agent carries out; null for what none does. */
  readonly agent: AgentInstall | null;
  readonly ddi: DdiInstall | null;
  readonly mender: MenderInstall | null;
  readonly source: RevisionSource | null;
  readonly minimumOsVersion: string | null;
  readonly licence: Licence;
  /** A public-store app, as opposed to one of the organisation's own. */
  readonly storeApp: boolean;
  readonly targeting: Targeting;
  readonly createdAtMs: number;
}

/** Every file that a device needs for a revision; the app itself comes first. */
export function filesOf({ file, msix, agent, ddi }: Revision): readonly PackageFile[] {
  return [
    ...(file ? [file] : []),
    ...(msix?.dependencies ?? []),
    ...(agent?.files ?? []),
    ...(ddi?.chunks.flatMap(({ files }) => files) ?? []),
  ];
}
