import type { Device } from "../model/device.ts";
import type { Package, Revision, Targeting } from "../model/package.ts";
import { compareVersions } from "../model/version.ts";
import { ceParts } from "./ce-parts.ts";
import { installerFor, installersOf } from "./providers.ts";

export type Relevance =
  | { readonly relevant: true }
  | {
      readonly relevant: false;
      readonly state: "OS Criteria" | "Device Criteria";
      /** Which condition failed, for people. */
      readonly condition: string;
    };

/**
 * Is a revision for this device? What is not known of a device does not speak against it: it is
 * judged again when the device tells. [M-039..M-042, Q14, Q47]
 *
 * @param platforms OS families that are served with EnterpriseAppManagement
 */
export function relevanceOf(
  device: Device,
  revision: Revision,
  app: Package,
  platforms: readonly string[],
): Relevance {
  return (
    osRelevance(device, revision) ??
    installerRelevance(device, revision, app, platforms) ??
    actionRelevance(device, revision) ??
    clientRelevance(device, revision, app) ??
    menderRelevance(device, revision) ??
    deviceRelevance(device, revision)
  );
}

/** Why a revision cannot be taken off a device again; undefined where it can. */
export function whyItStays({ channel, version, agent }: Revision): string | undefined {
  if (channel === "ddi" || channel === "mender") {
    return `${channel} clients take updates and cannot be told to remove one`;
  }
  return agent?.uninstall.length === 0
    ? `${version} has no uninstall actions: make a revision that has`
    : undefined;
}

function osRelevance(device: Device, revision: Revision): Relevance | undefined {
  const { minimumOsVersion, targeting } = revision;
  const isTooOld =
    minimumOsVersion !== null &&
    device.osVersion !== null &&
    compareVersions(device.osVersion, minimumOsVersion) < 0;
  if (isTooOld) return not("OS Criteria", `needs OS version ${minimumOsVersion} or later`);
  if (
    targeting.osMajor !== null &&
    device.osMajor !== null &&
    device.osMajor !== targeting.osMajor
  ) {
    return not("OS Criteria", `is for OS major version ${targeting.osMajor}`);
  }
  if (targeting.osPlatform !== null && !fits(device.osPlatform, targeting.osPlatform)) {
    return not("OS Criteria", `is for ${targeting.osPlatform}`);
  }
  return undefined;
}

/** A package that nothing on the device can install. [E-006, Q47] */
function installerRelevance(
  device: Device,
  revision: Revision,
  app: Package,
  platforms: readonly string[],
): Relevance | undefined {
  const installers = installersOf(revision, app);
  if (installers.length === 0) return undefined;
  if (installerFor(device, revision, app, platforms) !== undefined) return undefined;
  const by = installers.join(" or ");
  const system = device.osPlatform ?? `version ${device.osVersion}`;
  return device.protocol === "oma-dm"
    ? not("OS Criteria", `${system} has no ${by}`)
    : not(
        "Device Criteria",
        `is installed by ${by}, and the device is served by ${device.protocol}`,
      );
}

/** What the client of Windows CE cannot carry out is not for it. */
function clientRelevance(device: Device, revision: Revision, app: Package): Relevance | undefined {
  if (device.protocol !== "ce" || revision.agent === null) return undefined;
  const reading = ceParts(revision.agent.actions, device, revision, app);
  return "problem" in reading ? not("Device Criteria", reading.problem) : undefined;
}

/** An artifact names the types of device that it is for; its client compares them as they are. [agents 3] */
function menderRelevance({ model }: Device, { mender }: Revision): Relevance | undefined {
  if (!mender || model === null || mender.deviceTypes.includes(model)) return undefined;
  const types = mender.deviceTypes.join(" or ");
  return not("Device Criteria", `is for devices of the type ${types}, and this one is ${model}`);
}

/** A package none of whose actions is for the device is not for it. [S-20] */
function actionRelevance(device: Device, { agent }: Revision): Relevance | undefined {
  const actions = agent?.actions ?? [];
  if (actions.length === 0 || actions.some((one) => fitsTargeting(device, one.targeting))) {
    return undefined;
  }
  const ofItsSystem = actions.filter(({ targeting }) =>
    fitsTargeting(device, { ...targeting, cpu: null }),
  );
  if (ofItsSystem.length === 0) {
    return not("OS Criteria", "none of the package's actions is for its system");
  }
  const cpus = new Set(ofItsSystem.flatMap(({ targeting }) => targeting.cpu ?? []));
  return not("Device Criteria", `its actions are for the processor ${[...cpus].join(" or ")}`);
}

/** Given fields are ANDed, ignoring case; what is not known of a device does not speak against it. [Q14] */
export function fitsTargeting(
  { cpu, osMajor, osPlatform }: Pick<Device, "cpu" | "osMajor" | "osPlatform">,
  targeting: Targeting,
): boolean {
  return (
    (targeting.cpu === null || fits(cpu, targeting.cpu)) &&
    (targeting.osPlatform === null || fits(osPlatform, targeting.osPlatform)) &&
    (targeting.osMajor === null || osMajor === null || targeting.osMajor === osMajor)
  );
}

function deviceRelevance(device: Device, revision: Revision): Relevance {
  const { licence, storeApp, targeting } = revision;
  if (targeting.cpu !== null && !fits(device.cpu, targeting.cpu)) {
    return not("Device Criteria", `is for the processor ${targeting.cpu}`);
  }
  if (device.shared && storeApp && licence === "none") {
    return not("Device Criteria", "a store app without a licence is not for shared devices");
  }
  if (device.userEnrolled && licence === "device") {
    return not("Device Criteria", "a device licence is not for devices enrolled by their user");
  }
  if (!device.userAssigned && licence === "user") {
    return not("Device Criteria", "a user licence needs a device with an assigned user");
  }
  return RELEVANT;
}

const RELEVANT: Relevance = { relevant: true };

function fits(actual: string | null, wanted: string): boolean {
  return actual === null || actual.toLowerCase() === wanted.toLowerCase();
}

function not(state: "OS Criteria" | "Device Criteria", condition: string): Relevance {
  return { relevant: false, state, condition };
}
