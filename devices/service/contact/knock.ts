import type { PullProtocol } from "../../model/agent-device.ts";
import { parsePlatform } from "../../model/device.ts";
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

/** Notes that a device knocked which is not served here. A name that no device can have is not kept. */
export async function noteKnock(
  context: SiteContext,
  protocol: PullProtocol,
  externalId: string,
  address: string,
  details: KnockDetails,
): Promise<void> {
  if (externalId.length === 0 || externalId.length > NAME_CHARACTERS_MAX) return;
  context.log.warn("unknown-device-knocked", { externalId, protocol, address });
  await context.store.knock({
    protocol,
    externalId,
    address,
    details: JSON.stringify(details),
    atMs: context.now(),
  });
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
