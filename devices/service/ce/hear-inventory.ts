import { cpuOf, factsOf, osPlatformOf } from "../../../protocols/wince/machine.ts";
import type { CePoll, CeProperty } from "../../../protocols/wince/requests.ts";
import { ATTRIBUTES_MAX, type DeviceAttribute } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import type { SiteStore } from "../../ports/site-store.ts";
import { contact, type Said, type ToldFacts } from "../contact/contact.ts";
import { CE, type CeContext } from "./ce-context.ts";

/** What a poll tells of the machine. An inventory tells more exactly. */
export function pollFacts({ platform, processor }: CePoll): ToldFacts {
  return {
    ...(platform === null ? {} : { osPlatform: osPlatformOf(platform) }),
    ...(processor === null ? {} : { cpu: cpuOf(processor) }),
  };
}

/** An inventory of the machine: the facts that packages are targeted by, and all of it by name. */
export async function hearInventory(
  { site }: CeContext,
  device: Device,
  properties: readonly CeProperty[],
): Promise<void> {
  const former = await site.store.attributes(device.id);
  const said = saidOf(properties, "Device_", former, site.now());
  await contact(site, device.id, { ...said, facts: factsOf(properties) }, () => undefined);
}

/**
 * What is kept of a device by name: these in the place of those that begin alike. Nothing when nothing
 * changed, so that an idle device costs no write.
 *
 * @param family how the names of this list begin; empty: those without a dot
 */
export function saidOf(
  properties: readonly CeProperty[],
  family: "Device_" | "",
  former: readonly DeviceAttribute[],
  nowMs: number,
): Said {
  const isOfFamily = ({ name }: { readonly name: string }) =>
    family === "" ? !name.includes(".") : name.startsWith(family);
  const before = new Map(former.map((one) => [one.name, one]));
  const told = new Map<string, DeviceAttribute>();
  for (const { name, value } of properties) {
    const known = before.get(name);
    if (!isOfFamily({ name })) continue;
    told.set(name, known?.value === value ? known : { name, value, atMs: nowMs });
  }
  const others = former.filter((one) => !isOfFamily(one));
  const all = [...others, ...told.values()].slice(0, ATTRIBUTES_MAX);
  const isSame = all.length === former.length && all.every((one) => before.get(one.name) === one);
  return isSame ? { protocol: CE } : { protocol: CE, attributes: () => all };
}

/** The code page that a device has named; null where it has not. */
export async function codePageOf(
  store: Pick<SiteStore, "findByAlias" | "attributes">,
  uuid: string,
): Promise<string | null> {
  const device = await store.findByAlias(CE, uuid);
  const said = device === undefined ? [] : await store.attributes(device.id);
  return said.find(({ name }) => name === "CodePage")?.value ?? null;
}
