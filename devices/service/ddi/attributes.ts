import {
  type AutoConfirm,
  CONFIG_DATA_MAX,
  type ConfigData,
} from "../../../protocols/ddi/requests.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { DeviceAttribute } from "../../model/agent-device.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import { contact } from "../contact/contact.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";

/** Names that are ours, but for the first, which a device may say of itself. */
const OURS = "outpost.";
export const WINDOWS_ATTRIBUTE = "outpost.windows";
const AUTO_CONFIRM = "outpost.auto-confirm";
const CONFIG_DATA_AT = "outpost.config-data";

/** Takes what a device says of itself. @throws AppError "forbidden" when it says too much */
export function takeConfigData(
  { site }: DdiContext,
  { device }: DdiClient,
  said: ConfigData,
): Promise<void> {
  const reserved = Object.keys(said.data).find(isReserved);
  if (reserved !== undefined) {
    throw new ProtocolError("ddi-config-data", `/data/${reserved}: the name is the gateway's own`);
  }
  const atMs = site.now();
  return contact(
    site,
    device.id,
    {
      protocol: "ddi",
      attributes: (former) => [
        ...merge(
          former.filter(({ name }) => !isReserved(name)),
          said,
          atMs,
        ),
        ...former.filter(({ name }) => isReserved(name) && name !== CONFIG_DATA_AT),
        { name: CONFIG_DATA_AT, value: said.mode, atMs },
      ],
    },
    () => undefined,
  );
}

function merge(
  former: readonly DeviceAttribute[],
  { mode, data }: ConfigData,
  atMs: number,
): readonly DeviceAttribute[] {
  const kept = mode === "replace" ? [] : former.filter(({ name }) => !Object.hasOwn(data, name));
  const said =
    mode === "remove" ? [] : Object.entries(data).map(([name, value]) => ({ name, value, atMs }));
  const all = [...kept, ...said];
  if (all.length > CONFIG_DATA_MAX) {
    throw new AppError("forbidden", `a device has at most ${CONFIG_DATA_MAX} attributes`);
  }
  return all;
}

/** It is asked for them at first, and after every update. */
export function wantsConfigData(
  attributes: readonly DeviceAttribute[],
  lastInstalledAtMs: number | null,
): boolean {
  const told = attributes.find(({ name }) => name === CONFIG_DATA_AT);
  return told === undefined || (lastInstalledAtMs !== null && told.atMs < lastInstalledAtMs);
}

/** Has it asked not to be asked for consent? Since when, and who said so. */
export function autoConfirmOf(
  attributes: readonly DeviceAttribute[],
): (AutoConfirm & { readonly atMs: number }) | null {
  const found = attributes.find(({ name }) => name === AUTO_CONFIRM);
  return found === undefined ? null : { ...JSON.parse(found.value), atMs: found.atMs };
}

/** @throws AppError "conflict" when it is so already */
export function setAutoConfirm(
  context: DdiContext,
  { device }: DdiClient,
  wanted: AutoConfirm | null,
): Promise<void> {
  const atMs = context.site.now();
  return changeOurs(context, device.id, AUTO_CONFIRM, (former) => {
    if (former !== undefined && wanted !== null) {
      throw new AppError("conflict", "the device confirms by itself already");
    }
    return wanted === null ? [] : [{ name: AUTO_CONFIRM, value: JSON.stringify(wanted), atMs }];
  });
}

/** Asks the device at its next poll what it is. */
export function requestConfigData(context: DdiContext, device: DeviceId): Promise<void> {
  return changeOurs(context, device, CONFIG_DATA_AT, () => []);
}

function changeOurs(
  { site }: DdiContext,
  device: DeviceId,
  name: string,
  change: (former: DeviceAttribute | undefined) => readonly DeviceAttribute[],
): Promise<void> {
  return contact(
    site,
    device,
    {
      protocol: "ddi",
      attributes: (all) => [
        ...all.filter((one) => one.name !== name),
        ...change(all.find((one) => one.name === name)),
      ],
    },
    () => undefined,
  );
}

export function isReserved(name: string): boolean {
  return name.startsWith(OURS) && name !== WINDOWS_ATTRIBUTE;
}
