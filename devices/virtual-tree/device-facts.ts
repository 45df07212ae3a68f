import type { TreeNode } from "../../protocols/oma-dm/carry-out.ts";
import type { Device } from "../model/device.ts";

/** Leaves of DevInfo and DevDetail, as far as the site may know them. [syncml 3.2] */
const LEAVES: Readonly<Record<string, (device: Device) => string | null>> = {
  "./DevInfo/DevId": ({ stableId }) => stableId,
  "./DevInfo/Man": ({ manufacturer }) => manufacturer,
  "./DevInfo/Mod": ({ model }) => model,
  // What this tree takes, whatever the device does: no value in it is larger than a message.
  "./DevDetail/LrgObj": () => "false",
  "./DevDetail/SwV": ({ osVersion }) => osVersion,
  "./DevDetail/Ext/Microsoft/OSPlatform": ({ osPlatform }) => osPlatform,
};

/** Is it a URI of DevInfo or DevDetail, which can be read and nothing else? */
export function isDeviceFact(uri: string): boolean {
  return /^(\.\/)?(DevInfo|DevDetail)(\/|$)/.test(uri);
}

/** What the site knows about the device itself; undefined for what is not known or no such node. */
export function readDeviceFact(device: Device, uri: string): TreeNode | undefined {
  const path = `./${uri.replace(/^\.\//, "").replace(/\/$/, "")}`;
  const value = Object.hasOwn(LEAVES, path) ? LEAVES[path]?.(device) : undefined;
  if (typeof value === "string") return { uri: path, format: "chr", data: value };
  const names = Object.entries(LEAVES)
    .filter(([leaf, read]) => leaf.startsWith(`${path}/`) && read(device) !== null)
    .map(([leaf]) => leaf.slice(path.length + 1).split("/")[0]);
  return names.length === 0
    ? undefined
    : { uri: path, format: "node", data: [...new Set(names)].join("/") };
}
