import { cutText } from "./cut-text.ts";
import type { DeviceId, SiteId } from "./ids.ts";
import { NAME_CHARACTERS_MAX } from "./limits.ts";

/** The platforms of the status matrix; each has its own labels and granular states. */
export const PLATFORMS = ["iOS", "Windows", "Android"] as const;
export type Platform = (typeof PLATFORMS)[number];

export function parsePlatform(text: string): Platform | undefined {
  return PLATFORMS.find((platform) => platform.toLowerCase() === text.toLowerCase());
}

export const COMPLIANCE = ["compliant", "out-of-compliance", "unknown"] as const;
export type Compliance = (typeof COMPLIANCE)[number];

export const OWNERSHIP = ["corporate", "personal", "unknown"] as const;
export type Ownership = (typeof OWNERSHIP)[number];

/**
 * The application enrolment of a device, as EnterpriseAppManagement's `{EnterpriseID}/Status` says
 * it (0 to 3), or what the site knows before the device has said anything.
 */
export const ENROLMENTS = [
  "unknown", // Nothing was sent or read yet.
  "enabled", // 0
  "install-disabled", // 1: installed apps stay, no new DownloadInstall is sent [Q48]
  "revoked", // 2
  "invalid", // 3
  "unenrol-requested", // An administrator asked for it: the next session deletes the EnterpriseID node.
  "unenrolled", // The EnterpriseID node was deleted: nothing is sent until it is enrolled again.
] as const;
export type Enrolment = (typeof ENROLMENTS)[number];

/** In which protocol a site serves a device. Devices that only others tell of (D13) have the first. */
export const DEVICE_PROTOCOLS = ["oma-dm", "agent", "ddi", "mender", "ce"] as const;
export type DeviceProtocol = (typeof DEVICE_PROTOCOLS)[number];

/** What the site knows of a device. Facts about it come from itself or from an administrator. */
export interface Device {
  readonly id: DeviceId;
  readonly site: SiteId;
  readonly name: string;
  readonly platform: Platform;
  readonly protocol: DeviceProtocol;
  /** DevInfo/DevId, serial number or the like: what the id was derived from. */
  readonly stableId: string;
  readonly manufacturer: string | null;
  readonly model: string | null;
  /** As the device writes it, such as `10.0.15254.603`. */
  readonly osVersion: string | null;
  readonly osMajor: number | null;
  /** Such as `Windows 10 Mobile` or `PocketPC`; compared ignoring case. */
  readonly osPlatform: string | null;
  readonly cpu: string | null;
  readonly ownership: Ownership;
  /** Used by several people (a kiosk, a shared handheld). */
  readonly shared: boolean;
  /** Enrolled by its user, not by the organisation. */
  readonly userEnrolled: boolean;
  /** Has an assigned user. */
  readonly userAssigned: boolean;
  readonly compliance: Compliance;
  readonly enrolment: Enrolment;
  /**
   * SHA-256 of the enrolment token last accepted by the device, and of what else it was told about its
   * enrolment (`devices/service/enterprise-app/told-settings.ts`); null before any.
   */
  readonly enrolmentDigest: string | null;
  /** Hub-issued number times 1024, plus the site's provisional number. [D11] */
  readonly incarnation: number;
  /** The last sequence number given to an accepted transition of this device. Never reset. */
  readonly sequence: number;
  readonly registeredAtMs: number;
  readonly lastContactMs: number | null;
  /** When the device last told its whole inventory; null when it never did. */
  readonly inventoryAtMs: number | null;
  /** Unenrolment is a tombstone: the row stays, so that late news cannot bring the device back. */
  readonly removedAtMs: number | null;
}

/** The device with all that it says of itself cut to `NAME_CHARACTERS_MAX`; its stable id is its name. */
export function boundedDevice(device: Device): Device {
  const { cpu, manufacturer, model, name, osPlatform, osVersion } = device;
  return {
    ...device,
    name: cutText(name, NAME_CHARACTERS_MAX),
    manufacturer: bounded(manufacturer),
    model: bounded(model),
    osVersion: bounded(osVersion),
    osPlatform: bounded(osPlatform),
    cpu: bounded(cpu),
  };
}

function bounded(text: string | null): string | null {
  return text === null ? null : cutText(text, NAME_CHARACTERS_MAX);
}

/** How another protocol or system names a device; (protocol, externalId) is unique at a site. */
export interface DeviceAlias {
  readonly device: DeviceId;
  readonly protocol: DeviceProtocol | "external";
  readonly externalId: string;
}

export const INCARNATION_STEP = 1024;
