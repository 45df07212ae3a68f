import type { Knock } from "../../devices/ports/site-store.ts";
import {
  patchDevice,
  removeDevice,
  requestEnrolment,
  requestUnenrolment,
} from "../../devices/service/change-device.ts";
import {
  changeDmAccount,
  readDmAccount,
  renewServerPassword,
} from "../../devices/service/dm-account.ts";
import {
  recordFacts,
  requestInstallation,
  retryInstallation,
  retryInstallations,
} from "../../devices/service/installations.ts";
import {
  type NewDevice,
  registerDevice,
  rotateSecret,
} from "../../devices/service/register-device.ts";
import type { SiteContext } from "../../devices/service/site-context.ts";
import { tonight } from "../../devices/service/tonight.ts";
import type { SiteUseCases } from "../http/use-cases.ts";

/** What a site's API can do about its devices: each one a use-case of `devices/service`. */
export function siteUseCases(context: SiteContext): SiteUseCases {
  return {
    registerDevice: (wanted, by) => registerDevice(context, wanted, by),
    patchDevice: (id, patch) => patchDevice(context, id, patch),
    removeDevice: (id) => removeDevice(context, id),
    rotateSecret: (id) => rotateSecret(context, id),
    dmAccount: (id) => readDmAccount(context, id),
    changeDmAccount: (id, patch) => changeDmAccount(context, id, patch),
    renewServerPassword: (id) => renewServerPassword(context, id),
    requestUnenrolment: (id) => requestUnenrolment(context, id),
    requestEnrolment: (id) => requestEnrolment(context, id),
    recordFacts: (id, facts, by) => recordFacts(context, id, facts, by),
    requestInstallation: (key, by) => requestInstallation(context, key, by),
    retryInstallation: (key, by) => retryInstallation(context, key, by),
    retryInstallations: (keys, by) => retryInstallations(context, keys, by),
    tonight: (id) => tonight(context, id),
    approveKnock: (knock, wanted, by) =>
      registerDevice(context, { ...saidBy(knock), ...wanted, stableId: knock.externalId }, by),
  };
}

/** What a device that knocked said about itself. OMA DM devices are Windows devices here. */
function saidBy(knock: Knock): Omit<NewDevice, "stableId"> {
  const details = JSON.parse(knock.details) as { man?: string; mod?: string; swV?: string };
  return {
    platform: "Windows",
    ...(details.man ? { manufacturer: details.man } : {}),
    ...(details.mod ? { model: details.mod } : {}),
    ...(details.swV ? { osVersion: details.swV } : {}),
  };
}
