/**
 * Names of things. Whoever holds one of these holds a checked one: each is made only by its
 * `parse…` function (undefined when the text is not such a name) or by a `…From` that derives it.
 */
import { sha256Hex } from "./sha256.ts";

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 32 hexadecimal digits; see `deviceIdFrom`. */
export type DeviceId = Branded<"DeviceId">;
export type SiteId = Branded<"SiteId">;
export type PackageId = Branded<"PackageId">;
export type RevisionId = Branded<"RevisionId">;
export type DistributionId = Branded<"DistributionId">;
export type WindowId = Branded<"WindowId">;
export type GroupName = Branded<"GroupName">;
/** SHA-256 of some content, 64 lower-case hexadecimal digits. */
export type Sha256 = Branded<"Sha256">;
/** `site.distribution.device`: one row of the report, the same text at the site and at the hub. */
export type InstallationId = Branded<"InstallationId">;

const HEX_32 = /^[0-9a-f]{32}$/;
const HEX_64 = /^[0-9a-f]{64}$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const GROUP = /^[A-Za-z0-9][A-Za-z0-9 _-]{0,62}$/;

export function parseDeviceId(text: string): DeviceId | undefined {
  return HEX_32.test(text) ? (text as DeviceId) : undefined;
}

export function parseSiteId(text: string): SiteId | undefined {
  return NAME.test(text) ? (text as SiteId) : undefined;
}

export function parsePackageId(text: string): PackageId | undefined {
  return NAME.test(text) ? (text as PackageId) : undefined;
}

export function parseRevisionId(text: string): RevisionId | undefined {
  return NAME.test(text) ? (text as RevisionId) : undefined;
}

export function parseDistributionId(text: string): DistributionId | undefined {
  return NAME.test(text) ? (text as DistributionId) : undefined;
}

export function parseWindowId(text: string): WindowId | undefined {
  return NAME.test(text) ? (text as WindowId) : undefined;
}

export function parseGroupName(text: string): GroupName | undefined {
  return GROUP.test(text) ? (text as GroupName) : undefined;
}

export function parseSha256(text: string): Sha256 | undefined {
  return HEX_64.test(text) ? (text as Sha256) : undefined;
}

/**
 * The id of a device: the first 128 bits of SHA-256 over the organisation and the device's own
 * stable id (DevInfo/DevId, serial number, DDI controller id), so that two sites that meet one
 * device apart name it alike. [decisions D10]
 */
export function deviceIdFrom(organisation: string, stableId: string): DeviceId {
  const digest = sha256Hex(`${organisation}\n${stableId}`);
  return digest.slice(0, 32) as DeviceId;
}

export interface InstallationKey {
  readonly site: SiteId;
  readonly distribution: DistributionId;
  readonly device: DeviceId;
}

export function installationIdFrom(key: InstallationKey): InstallationId {
  return `${key.site}.${key.distribution}.${key.device}` as InstallationId;
}

/** The three parts of an installation's id, or undefined when it is not one. */
export function parseInstallationId(text: string): InstallationKey | undefined {
  const [siteText = "", distributionText = "", deviceText = "", ...rest] = text.split(".");
  const site = parseSiteId(siteText);
  const distribution = parseDistributionId(distributionText);
  const device = parseDeviceId(deviceText);
  if (rest.length > 0 || !site || !distribution || !device) return undefined;
  return { site, distribution, device };
}
