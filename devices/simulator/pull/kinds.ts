import type { PullProtocol } from "../../model/agent-device.ts";
import type { Platform } from "../../model/device.ts";
import type { DeviceIdentity, FleetDevice } from "../fleet.ts";
import { Random } from "../random.ts";
import { AgentDevice } from "./agent-device.ts";
import { CeDevice } from "./ce-device.ts";
import { DdiDevice } from "./ddi-device.ts";
import { ManagedDevice } from "./managed-device.ts";
import { MenderDevice, menderIdentity } from "./mender-device.ts";
import type { PullerOptions } from "./puller.ts";

/** What a site is told of a kind of device. */
interface KindFacts {
  /** `feed`: an MDM installs its apps and forwards what it reads of them. */
  readonly protocol: PullProtocol | "feed";
  readonly platform: Platform;
  readonly osPlatform: string;
  readonly osVersion: string;
  readonly cpu: string;
}
const LINUX = { platform: "Windows", osPlatform: "Linux", cpu: "ARM" } as const;

/** Kinds of devices that come and ask for work. Linux and Windows CE have the statuses of Windows. */
export const PULL_KINDS = {
  agent: { ...LINUX, protocol: "agent", osVersion: "12", cpu: "x86" },
  swupdate: { ...LINUX, protocol: "ddi", osVersion: "6.1" },
  rauc: { ...LINUX, protocol: "ddi", osVersion: "6.1" },
  mender: { ...LINUX, protocol: "mender", osVersion: "6.6" },
  ce: { platform: "Windows", protocol: "ce", osPlatform: "WinCE", osVersion: "6.0", cpu: "ARM" },
  ios: { platform: "iOS", protocol: "feed", osPlatform: "iOS", osVersion: "17.5", cpu: "ARM64" },
  android: {
    ...{ platform: "Android", protocol: "feed", osPlatform: "Android", osVersion: "14" },
    cpu: "ARM64",
  },
} as const satisfies Readonly<Record<string, KindFacts>>;
export type PullKind = keyof typeof PULL_KINDS;

export function isPullKind(text: string): text is PullKind {
  return Object.hasOwn(PULL_KINDS, text);
}

/** A device that comes and asks for work, before it exists. */
export interface PlannedPuller extends DeviceIdentity {
  readonly kind: PullKind;
}

const MODELS: Readonly<Record<PullKind, readonly [string, string]>> = {
  agent: ["Advantech", "UNO-2271G kiosk"],
  swupdate: ["Toradex", "Verdin iMX8M"],
  rauc: ["Phytec", "phyBOARD-Polis"],
  mender: ["Raspberry Pi", "Compute Module 4"],
  ce: ["Datalogic", "Skorpio X3"],
  ios: ["Apple", "iPad (10th generation)"],
  android: ["Zebra", "TC22"],
};

/** `count` devices of one kind, drawn from `seed`. */
export function planPullers(
  kind: PullKind,
  count: number,
  seed: number,
  prefix: string,
): PlannedPuller[] {
  const random = new Random(seed).fork(kind);
  const [manufacturer, model] = MODELS[kind];
  return Array.from({ length: count }, (_, index) => ({
    kind,
    stableId: uuid(random),
    name: `${prefix}-${String(index + 1).padStart(3, "0")}`,
    manufacturer,
    model,
    seed: random.between(0, 2 ** 31),
  }));
}

/** What a device is registered with, beside its name: how its protocol calls it, and what it shows. */
export function registrationOf(plan: PlannedPuller) {
  const { platform, protocol, osPlatform, osVersion, cpu } = PULL_KINDS[plan.kind];
  const { stableId, name, manufacturer, model } = plan;
  const { identity, publicKey } = menderIdentity(plan);
  return {
    stableId,
    ...(protocol !== "feed" && { protocol }),
    platform,
    name,
    manufacturer,
    model,
    osPlatform,
    osVersion,
    osMajor: Number(osVersion.split(".")[0]),
    cpu,
    ownership: "corporate",
    // It is known by what it says of itself.
    ...(protocol === "mender" && { stableId: identity, token: publicKey }),
  };
}

/** @param account the device's id at its site, and the token that it was given there; its MDM's where it has one */
export function makePuller(
  plan: PlannedPuller,
  account: { readonly device: string; readonly token: string },
  options: PullerOptions,
): FleetDevice {
  switch (plan.kind) {
    case "agent":
      return new AgentDevice(plan, account, options);
    case "swupdate":
    case "rauc":
      return new DdiDevice(plan, { client: plan.kind, token: account.token }, options);
    case "mender":
      return new MenderDevice(plan, options);
    case "ce":
      return new CeDevice(plan, account, options);
    case "ios":
      return new ManagedDevice(plan, { source: "apple", token: account.token }, options);
    case "android":
      return new ManagedDevice(plan, { source: "android", token: account.token }, options);
  }
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.between(0, 15).toString(16)).join("");
  const parts = [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ] as const;
  return parts
    .map(([from, to]) => hex.slice(from, to))
    .join("-")
    .toUpperCase();
}
