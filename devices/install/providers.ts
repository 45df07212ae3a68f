import type { Device, DeviceProtocol } from "../model/device.ts";
import {
  type Channel,
  type Installer,
  type Package,
  PROVIDERS,
  type Provider,
  type Revision,
} from "../model/package.ts";
import { compareVersions } from "../model/version.ts";

/** Windows 10, version 1511: the first that has the providers of PCs. */
const PC_VERSION_MIN = "10.0.10586";
/** No phone and no IoT Core has a build as new as this one. */
const PC_BUILD_MIN = 18362;

const PC: readonly Provider[] = ["EnterpriseDesktopAppManagement", "EnterpriseModernAppManagement"];
const PACKAGED_ONLY: readonly Provider[] = ["EnterpriseModernAppManagement"];
const PHONE: readonly Provider[] = ["EnterpriseAppManagement"];
const NONE: readonly Provider[] = [];

/** Families of Windows beside those of the allow list, by how OSPlatform begins; the first counts. */
const FAMILIES: readonly (readonly [RegExp, readonly Provider[]])[] = [
  // A phone, or its kin, that an administrator took off the allow list.
  [/^windows (10 (mobile|iot core)|phone)/, NONE],
  [/^windows (10|11) (home|team|holographic)/, PACKAGED_ONLY],
  [/^windows (10|11|server)/, PC],
];

const known = new WeakMap<
  Device,
  { readonly platforms: readonly string[]; readonly providers: readonly Provider[] | undefined }
>();

/**
 * The providers that a device has, judged by what it says in DevDetail (SwV, OSPlatform) and by the
 * allow list of systems that are served with EnterpriseAppManagement. [E-006, Q47]
 *
 * @returns undefined while it is not known: nothing speaks against any of them then
 */
export function providersOf(
  device: Device,
  platforms: readonly string[],
): readonly Provider[] | undefined {
  const before = known.get(device);
  if (before?.platforms === platforms) return before.providers;
  const providers = judge(device, platforms);
  known.set(device, { platforms, providers });
  return providers;
}

function judge(device: Device, platforms: readonly string[]): readonly Provider[] | undefined {
  if (device.platform !== "Windows") return NONE;
  const { osPlatform, osVersion } = device;
  const isOld = osVersion !== null && compareVersions(osVersion, PC_VERSION_MIN) < 0;
  if (osPlatform === null) {
    const build = Number(/^10\.0\.(\d+)/.exec(osVersion ?? "")?.[1] ?? "0");
    return build >= PC_BUILD_MIN ? PC : undefined;
  }
  if (platforms.some((family) => isOfFamily(osPlatform, family))) return PHONE;
  const name = osPlatform
    .trim()
    .toLowerCase()
    .replace(/^microsoft /, "");
  const family = FAMILIES.find(([pattern]) => pattern.test(name));
  return family && !isOld ? family[1] : NONE;
}

/** `Windows 10 Mobile Enterprise` is of the family `Windows 10 Mobile`. */
function isOfFamily(osPlatform: string, family: string): boolean {
  const actual = osPlatform.trim().toLowerCase();
  const wanted = family.trim().toLowerCase();
  return actual === wanted || actual.startsWith(`${wanted} `);
}

/** Does a device have this provider, as far as is known? */
export function mayHave(device: Device, provider: Provider, platforms: readonly string[]): boolean {
  return providersOf(device, platforms)?.includes(provider) ?? true;
}

/** By what a device can be given something, judged by the protocol that it speaks. */
export function installersFor(
  device: Device,
  platforms: readonly string[],
): readonly Installer[] | undefined {
  const { protocol } = device;
  return protocol === "oma-dm" ? providersOf(device, platforms) : BY_PROTOCOL[protocol];
}

const BY_PROTOCOL = {
  agent: ["agent"],
  ddi: ["ddi"],
  mender: ["mender"],
  ce: ["agent"],
} as const satisfies Readonly<Record<Exclude<DeviceProtocol, "oma-dm">, readonly Installer[]>>;

/**
 * What can install a revision: its own channel first and, where it carries what another provider needs,
 * that one too. An APPX with a product id and a package family name goes to phones and to PCs.
 */
export function installersOf(revision: Revision, app: Package): readonly Installer[] {
  const { channel } = revision;
  if (channel === "reported") return NONE;
  // The name last: it is the dearest to look at, and every plan of every device asks.
  const isForBoth = revision.msix !== null && app.productId !== null && kindOf(revision) === "appx";
  const other = isForBoth ? COUNTERPARTS[channel] : undefined;
  return other === undefined ? ALONE[channel] : [channel, other];
}

const ALONE = {
  EnterpriseAppManagement: ["EnterpriseAppManagement"],
  EnterpriseDesktopAppManagement: ["EnterpriseDesktopAppManagement"],
  EnterpriseModernAppManagement: ["EnterpriseModernAppManagement"],
  agent: ["agent"],
  ddi: ["ddi"],
  mender: ["mender"],
} as const satisfies Readonly<Record<Installer, readonly Installer[]>>;

/** The other provider of the kinds that two of them install. */
const COUNTERPARTS: Readonly<Partial<Record<Installer, Provider>>> = {
  EnterpriseAppManagement: "EnterpriseModernAppManagement",
  EnterpriseModernAppManagement: "EnterpriseAppManagement",
};

export type PackageKind = "xap" | "appx" | "msix" | "msi";

const KINDS: Readonly<Record<string, PackageKind>> = {
  xap: "xap",
  appx: "appx",
  appxbundle: "appx",
  msix: "msix",
  msixbundle: "msix",
  msi: "msi",
};

/** What its file is, going by its name; undefined for another kind, or without a file. */
export function kindOf({
  file,
}: {
  readonly file: { readonly name: string } | null;
}): PackageKind | undefined {
  const extension = /\.([A-Za-z]+)$/.exec(file?.name ?? "")?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(KINDS, extension) ? KINDS[extension] : undefined;
}

/** Which kinds of package a provider installs. */
export const PROVIDER_KINDS: Readonly<Record<Provider, readonly PackageKind[]>> = {
  EnterpriseAppManagement: ["xap", "appx"],
  EnterpriseDesktopAppManagement: ["msi"],
  EnterpriseModernAppManagement: ["appx", "msix"],
};

/** By what a device gets a revision; undefined when it has nothing that can. */
export function installerFor(
  device: Device,
  revision: Revision,
  app: Package,
  platforms: readonly string[],
): Installer | undefined {
  const installers = installersOf(revision, app);
  const has = installersFor(device, platforms);
  return has === undefined
    ? installers.find((one) => isProvider(one))
    : installers.find((one) => has.includes(one));
}

export function isProvider(channel: Channel): channel is Provider {
  return PROVIDERS.some((one) => one === channel);
}
