import type { DevInfo } from "../../../protocols/oma-dm/dev-info.ts";
import type { PullProtocol } from "../../model/agent-device.ts";
import { type Device, type DeviceProtocol, parsePlatform } from "../../model/device.ts";
import { NAME_CHARACTERS_MAX } from "../../model/limits.ts";
import type { NewDevice } from "../register-device.ts";
import type { SiteContext } from "../site-context.ts";

/** What a device that is not known says of itself, as far as it is kept until somebody approves it. */
export type KnockDetails = Partial<
  Pick<NewDevice, "platform" | "name" | "manufacturer" | "model" | "osVersion" | "cpu">
> &
  Partial<Pick<NewDevice, "osMajor" | "osPlatform" | "token" | "tokenDigest">> & {
    /** Why it was turned away, where that is more than that nobody knows it. */
    readonly note?: string;
  };

/** Why a device waits that would be let in by itself. */
export const TOO_MANY_AT_ONCE = "many new devices came from its address at once";

/**
 * Notes that a device knocked which is not served here, as far as `StrangerGuard` allows it. A name that no
 * device can have is not kept.
 *
 * @returns how long it has to wait until it is listened to; 0: it is in the list
 */
export async function noteKnock(
  context: SiteContext,
  protocol: DeviceProtocol,
  externalId: string,
  address: string,
  details: KnockDetails | DevInfo,
): Promise<number> {
  if (externalId.length === 0 || externalId.length > NAME_CHARACTERS_MAX) return 0;
  const said = JSON.stringify(details);
  const nowMs = context.now();
  const allowed = context.strangers.knock(`${protocol} ${externalId}`, said, address, nowMs);
  if (allowed !== 0) return allowed === "again" ? 0 : allowed;
  context.log.warn("unknown-device-knocked", { externalId, protocol, address });
  await context.store.knock({ protocol, externalId, address, details: said, atMs: nowMs });
  return 0;
}

/** Why a device that is known is not let in by itself; undefined for one that nobody has heard of. */
export function whyItWaits(known: Device | undefined, protocol: PullProtocol): string | undefined {
  if (known === undefined) return undefined;
  if (known.removedAtMs !== null) return "it was removed";
  return known.protocol === protocol
    ? "it is known with another key or token"
    : `it is served by ${known.protocol}`;
}

/** The device that is made of a knock. A device whose platform is not told is one of Windows' rows. */
export function readKnockDetails(
  said: unknown,
  protocol: PullProtocol,
): Omit<NewDevice, "stableId"> {
  const told = (typeof said === "object" && said !== null ? said : {}) as Record<string, unknown>;
  const text = (name: string) => {
    const value = told[name];
    return typeof value === "string" && value !== "" ? { [name]: value } : {};
  };
  return {
    protocol,
    platform: parsePlatform(String(told.platform ?? "")) ?? "Windows",
    ...text("name"),
    ...text("manufacturer"),
    ...text("model"),
    ...text("osVersion"),
    ...text("osPlatform"),
    ...text("cpu"),
    ...text("token"),
    ...text("tokenDigest"),
    ...(typeof told.osMajor === "number" ? { osMajor: told.osMajor } : {}),
  };
}
