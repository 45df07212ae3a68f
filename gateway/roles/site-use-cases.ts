import type { DeviceId } from "../../devices/model/ids.ts";
import type { Knock } from "../../devices/ports/site-store.ts";
import {
  patchDevice,
  removeDevice,
  requestEnrolment,
  requestUnenrolment,
} from "../../devices/service/change-device.ts";
import { rotateToken } from "../../devices/service/contact/device-token.ts";
import { readKnockDetails } from "../../devices/service/contact/knock.ts";
import {
  changeDmAccount,
  readDmAccount,
  renewServerPassword,
} from "../../devices/service/dm-account.ts";
import {
  requestInstallation,
  retryInstallation,
  retryInstallations,
} from "../../devices/service/installations.ts";
import { notifyDevice } from "../../devices/service/notify-device.ts";
import { recordFacts } from "../../devices/service/record-facts.ts";
import {
  type NewDevice,
  registerDevice,
  rotateSecret,
} from "../../devices/service/register-device.ts";
import type { SiteContext } from "../../devices/service/site-context.ts";
import { takeStatusFeed } from "../../devices/service/status-feed.ts";
import { tonight } from "../../devices/service/tonight.ts";
import type { SiteUseCases } from "../http/use-cases.ts";

/**
 * What a site's API can do about its devices: each one a use-case of `devices/service`. Who knows a
 * device by the id that it had before the site joined finds it by that, too.
 */
export function siteUseCases(context: SiteContext): SiteUseCases {
  const of = async (id: DeviceId) => {
    const { store } = context;
    if (await store.find(id)) return id;
    return (await store.findByAlias("external", id))?.id ?? id;
  };
  return {
    registerDevice: (wanted, by) => registerDevice(context, wanted, by),
    patchDevice: async (id, patch) => patchDevice(context, await of(id), patch),
    removeDevice: async (id) => removeDevice(context, await of(id)),
    rotateSecret: async (id) => {
      const device = await context.store.find(await of(id));
      const isToken = device !== undefined && device.protocol !== "oma-dm";
      if (!isToken) return rotateSecret(context, await of(id));
      const token = await rotateToken(context, device.id);
      // A client of Windows CE is given its token by the site: there is nothing to hand on.
      return device.protocol === "ce" ? null : token;
    },
    attributes: async (id) => context.store.attributes(await of(id)),
    dmAccount: async (id) => readDmAccount(context, await of(id)),
    changeDmAccount: async (id, patch) => changeDmAccount(context, await of(id), patch),
    renewServerPassword: async (id) => renewServerPassword(context, await of(id)),
    notifyDevice: async (id) => notifyDevice(context, await of(id)),
    requestUnenrolment: async (id, by) => requestUnenrolment(context, await of(id), by),
    requestEnrolment: async (id, by) => requestEnrolment(context, await of(id), by),
    recordFacts: async (id, facts, by) => recordFacts(context, await of(id), facts, by),
    takeStatusFeed: (source, devices, by) => takeStatusFeed(context, source, devices, by),
    requestInstallation: (key, by) => requestInstallation(context, key, by),
    retryInstallation: (key, by) => retryInstallation(context, key, by),
    retryInstallations: (keys, by) => retryInstallations(context, keys, by),
    tonight: async (id) => tonight(context, await of(id)),
    approveKnock: (knock, wanted, by) => {
      const device = { ...saidBy(knock), ...wanted, stableId: knock.externalId };
      // One that is served shows a new key or token: what it was before is lost with the former one.
      const reimaged = knock.protocol === "mender" || knock.protocol === "agent";
      return registerDevice(context, device, by, { reimaged });
    },
  };
}

/** What a device that knocked said about itself. OMA DM devices are Windows devices here. */
function saidBy({ protocol, details }: Knock): Omit<NewDevice, "stableId"> {
  const said: unknown = JSON.parse(details);
  if (protocol !== "oma-dm" && protocol !== "external") return readKnockDetails(said, protocol);
  const { man, mod, swV } = said as { man?: string; mod?: string; swV?: string };
  return {
    platform: "Windows",
    ...(man ? { manufacturer: man } : {}),
    ...(mod ? { model: mod } : {}),
    ...(swV ? { osVersion: swV } : {}),
  };
}
