import type { CeProperty } from "./requests.ts";

/** What the document calls the targeting of a device, read out of its inventory or its poll. */
export interface MachineFacts {
  readonly cpu?: string;
  readonly osMajor?: number;
  readonly osVersion?: string;
  readonly osPlatform?: string;
  readonly model?: string;
}

/** PROCESSOR_ARCHITECTURE_… of Windows. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  "0": "x86",
  "1": "MIPS",
  "5": "ARM",
};

/** PROCESSOR_… of Windows CE; of SuperH the generation counts. */
const PROCESSORS: Readonly<Record<string, string>> = {
  "103": "SH3",
  "104": "SH4",
  "386": "x86",
  "486": "x86",
  "586": "x86",
  "686": "x86",
  "1824": "ARM",
  "2080": "ARM",
  "2336": "ARM",
  "2577": "ARM",
  "4000": "MIPS",
  "5000": "MIPS",
  "10003": "SH3",
  "10004": "SH3",
  "10005": "SH4",
};

/** The processor by its number; its number where nothing is known of it. */
export function cpuOf(processor: string, architecture?: string): string {
  return PROCESSORS[processor] ?? ARCHITECTURES[architecture ?? ""] ?? processor;
}

/** Microsoft's own platforms have their names; a maker's name for its device is Windows CE. */
export function osPlatformOf(platformType: string): string {
  const known = /pocket\s*pc/i.test(platformType)
    ? "PocketPC"
    : /smart\s*phone/i.test(platformType)
      ? "SmartPhone"
      : undefined;
  return known ?? "WinCE";
}

/** A fact that the inventory does not tell is missing. [A-008..A-010] */
export function factsOf(properties: readonly CeProperty[]): MachineFacts {
  const get = (name: string): string | undefined => {
    const value = properties.find((one) => one.name === name)?.value;
    return value === "" ? undefined : value;
  };
  const processor = get("Device_System.ProcessorType");
  const major = get("Device_OS.MajorVersion");
  const minor = get("Device_OS.MinorVersion");
  const build = get("Device_OS.BuildNumber");
  const platform = get("Device_System.PlatformType");
  const model = get("Device_System.OEMInfo");
  const isVersion = [major, minor, build].every(
    (part) => part === undefined || /^\d{1,9}$/.test(part),
  );
  return {
    ...(processor === undefined
      ? {}
      : { cpu: cpuOf(processor, get("Device_System.ProcessorArchitecture")) }),
    ...(isVersion && major !== undefined
      ? {
          osMajor: Number(major),
          osVersion: [major, minor, build].filter((part) => part !== undefined).join("."),
        }
      : {}),
    ...(platform === undefined ? {} : { osPlatform: osPlatformOf(platform) }),
    ...(model === undefined ? {} : { model }),
  };
}
