import { isDefaultSubject } from "../csp/enterprise-app-management/certificate-criteria.ts";
import type { CertificateStore } from "./provisioning-document.ts";
import { broken } from "./rules.ts";
import type { TokenRequest } from "./token-request.ts";

/** Characters of one thing that a device tells about itself; what is longer is no name. */
export const CONTEXT_VALUE_CHARACTERS_MAX = 256;

/** What a device tells about itself when it enrols. Empty where it says nothing. */
export interface DeviceContext {
  /** Its name in every DM session (Source/LocURI, DevInfo/DevId). */
  readonly deviceId: string;
  /** Stays when Windows is installed again. */
  readonly hardwareId: string;
  readonly deviceName: string;
  /** `CIMClient_Windows`, `WindowsPhone`, … */
  readonly deviceType: string;
  readonly osVersion: string;
  /** The product number of Windows, such as 48 for Pro. */
  readonly osEdition: string;
  /** Whose key store gets the certificate. */
  readonly store: CertificateStore;
}

/** @throws ProtocolError `mde2-value` when the device does not say who it is, or says what every one is */
export function deviceContextOf({ context }: TokenRequest): DeviceContext {
  const one = (name: string): string => {
    const value = context.get(name)?.[0] ?? "";
    if (value.length > CONTEXT_VALUE_CHARACTERS_MAX) {
      throw broken(
        "mde2-value",
        `${name} has more than ${CONTEXT_VALUE_CHARACTERS_MAX} characters`,
      );
    }
    return value.replaceAll(/\p{Cc}/gu, "").trim();
  };
  const deviceId = one("DeviceID");
  if (deviceId === "") throw broken("mde2-value", "the request has no DeviceID");
  if (isDefaultSubject(deviceId)) {
    throw broken("mde2-value", "this DeviceID is the one that every device has by default");
  }
  return {
    deviceId,
    hardwareId: one("HWDevID"),
    deviceName: one("DeviceName"),
    deviceType: one("DeviceType"),
    osVersion: one("OSVersion"),
    osEdition: one("OSEdition"),
    store: one("EnrollmentType") === "Device" ? "System" : "User",
  };
}

/** Product numbers of editions that are no desktop. [MS-MDE2 2.2.9.6] */
const SMALL_EDITIONS: Readonly<Record<string, string>> = {
  "104": "Windows 10 Mobile",
  "133": "Windows 10 Mobile",
  "123": "Windows 10 IoT Core",
  "131": "Windows 10 IoT Core",
};
/** The first build that is called Windows 11. */
const WINDOWS_11_BUILD = 22_000;

/** The name of the operating system, such as `Windows 11`; null when the device did not say enough. */
export function osPlatformOf(device: DeviceContext): string | null {
  const [major = 0, minor = 0, build = 0] = device.osVersion.split(".").map(Number);
  if (major === 8 && device.deviceType === "WindowsPhone") return "Windows Phone 8.1";
  const small = SMALL_EDITIONS[device.osEdition];
  if (small !== undefined) return small;
  if (major === 6 && minor === 3) return "Windows 8.1";
  if (!(major >= 10)) return null; // Also when it is no number.
  if (device.deviceType === "WindowsPhone") return "Windows 10 Mobile";
  return build >= WINDOWS_11_BUILD ? "Windows 11" : "Windows 10";
}
