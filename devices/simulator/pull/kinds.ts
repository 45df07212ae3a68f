import type { PullProtocol } from "../../model/agent-device.ts";
import type { DeviceIdentity, FleetDevice } from "../fleet.ts";
import { Random } from "../random.ts";
import { AgentDevice } from "./agent-device.ts";
import { CeDevice } from "./ce-device.ts";
import { DdiDevice } from "./ddi-device.ts";
import { MenderDevice, menderIdentity } from "./mender-device.ts";
import type { PullerOptions } from "./puller.ts";

/** Kinds of devices that come and ask for work, with what a site is told of them. */
export const PULL_KINDS = {
  agent: { protocol: "agent", osPlatform: "Linux", osVersion: "12", cpu: "x86" },
  swupdate: { protocol: "ddi", osPlatform: "Linux", osVersion: "6.1", cpu: "ARM" },
  rauc: { protocol: "ddi", osPlatform: "Linux", osVersion: "6.1", cpu: "ARM" },
  mender: { protocol: "mender", osPlatform: "Linux", osVersion: "6.6", cpu: "ARM" },
  ce: { protocol: "ce", osPlatform: "WinCE", osVersion: "6.0", cpu: "ARM" },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly protocol: PullProtocol;
      readonly osPlatform: string;
      readonly osVersion: string;
      readonly cpu: string;
    }
  >
>;
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
  const { protocol, osPlatform, osVersion, cpu } = PULL_KINDS[plan.kind];
  const { stableId, name, manufacturer, model } = plan;
  const { identity, publicKey } = menderIdentity(plan);
  return {
    stableId,
    protocol,
    platform: "Windows",
    name,
    manufacturer,
    model,
    osPlatform,
    osVersion,
    osMajor: Number(osVersion.split(".")[0]),
    cpu,
    ownership: "corporate",
    ...(protocol === "mender" && { externalId: identity, token: publicKey }),
  };
}

/** @param account the device's id at its site, and the token that it was given there */
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
