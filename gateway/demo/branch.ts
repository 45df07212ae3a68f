import { type Behaviour, CALM } from "../../devices/simulator/behaviour.ts";
import type { Fetch } from "../../devices/simulator/fetch-content.ts";
import { Fleet, type FleetDevice } from "../../devices/simulator/fleet.ts";
import { type PlannedDevice, planFleet } from "../../devices/simulator/fleet-plan.ts";
import { makeDevice } from "../../devices/simulator/make-device.ts";
import { CALM_PC, type PcBehaviour } from "../../devices/simulator/pc/course.ts";
import {
  PROFILES,
  type Profile,
  type ProfileChange,
  type ProfileMix,
} from "../../devices/simulator/profiles.ts";
import {
  makePuller,
  PULL_KINDS,
  type PullKind,
  planPullers,
  registrationOf,
} from "../../devices/simulator/pull/kinds.ts";
import type { Account } from "../../devices/simulator/session.ts";
import type { ApiClient } from "../client/api-client.ts";
import { IssuedToken, RegisteredDevice, RegisteredPuller } from "./answers.ts";

/**
 * How the demo's devices behave: quick to poll, in each of the story's steps of ten minutes, and a few of them
 * in trouble.
 */
export const DEMO_BEHAVIOUR: Behaviour = {
  ...CALM,
  pollIntervalMs: 9 * 60_000,
  failureRate: 0.12,
  brokenLineRate: 0.3,
  asksRate: 0.15,
  refusesRate: 0.4,
};

const REGISTRATIONS_AT_ONCE = 4;

export interface EnrolOptions {
  readonly count: number;
  readonly seed: number;
  readonly prefix: string;
  readonly startMs: number;
  readonly behaviour: Behaviour;
  /** Of PCs; without it, as the others. */
  readonly pcs?: PcBehaviour;
  readonly fetch: Fetch;
  readonly mix?: ProfileMix;
  /** Devices that come and ask for work in other protocols, beside the `count`. */
  readonly pullers?: ReadonlyMap<PullKind, number>;
  readonly change?: ProfileChange | undefined;
  /** Where handhelds listen to notifications, as the site reaches it: `127.0.0.1:2948`. */
  readonly listensAt?: string | undefined;
}

/** Registers `count` simulated devices with a site and switches them on at `startMs`. */
export async function enrolFleet(
  site: { readonly client: ApiClient; readonly url: string },
  options: EnrolOptions,
): Promise<Fleet> {
  const { count, seed, prefix, mix, behaviour } = options;
  const { pcs = { ...CALM_PC, ...behaviour } } = options;
  const plans =
    count === 0 ? [] : planFleet(count, seed, { prefix, ...(mix !== undefined && { mix }) });
  const devices = await fewAtOnce(plans, async (plan) => {
    const account = await register(site.client, plan, options);
    return makeDevice(
      plan,
      { serverUrl: `${site.url}/syncml`, ...account },
      { ...options, handhelds: behaviour, pcs },
    );
  });
  const pullers = await enrolPullers(site, options);
  return new Fleet([...devices, ...pullers]);
}

async function enrolPullers(
  { client, url }: { readonly client: ApiClient; readonly url: string },
  { pullers = new Map(), seed, prefix, startMs, behaviour, fetch }: EnrolOptions,
): Promise<FleetDevice[]> {
  const devices: FleetDevice[] = [];
  for (const [kind, count] of pullers) {
    const mdm = PULL_KINDS[kind].protocol === "feed" ? await mdmToken(client, kind) : null;
    const plans = planPullers(kind, count, seed, `${prefix}-${kind}`);
    const made = await fewAtOnce(plans, async (plan) => {
      const { device, token } = await client.request("/api/v1/devices", RegisteredPuller, {
        method: "POST",
        json: registrationOf(plan),
      });
      const account = { device: device.id, token: mdm ?? token ?? "" };
      return makePuller(plan, account, { serverUrl: url, fetch, behaviour, startMs });
    });
    devices.push(...made);
  }
  return devices;
}

/** What becomes of each, in their order. */
async function fewAtOnce<Plan>(
  plans: readonly Plan[],
  make: (plan: Plan) => Promise<FleetDevice>,
): Promise<FleetDevice[]> {
  const waiting = [...plans.entries()];
  const devices: FleetDevice[] = new Array(waiting.length);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, plan] = next;
      devices[index] = await make(plan);
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, worker));
  return devices;
}

/** What lets an MDM forward what it reads, and nothing else. */
async function mdmToken(client: ApiClient, kind: PullKind): Promise<string> {
  const name = `MDM of ${kind}`;
  const { token } = await client.request("/api/v1/tokens", IssuedToken, {
    method: "POST",
    json: { name, role: "operator", scopes: ["facts:write"] },
  });
  return token;
}

/** A device that asks who its server is, or listens to it, gets a password of the server. */
async function register(
  client: ApiClient,
  plan: PlannedDevice,
  { change, listensAt }: { change?: ProfileChange | undefined; listensAt?: string | undefined },
): Promise<Omit<Account, "serverUrl">> {
  const profile: Profile = { ...PROFILES[plan.profile], ...change };
  const notifyAddress = profile.isPc ? undefined : listensAt;
  const registered = await client.request("/api/v1/devices", RegisteredDevice, {
    method: "POST",
    json: {
      stableId: plan.stableId,
      platform: "Windows",
      name: plan.name,
      manufacturer: plan.manufacturer,
      model: plan.model,
      osPlatform: profile.osPlatform,
      osVersion: profile.osVersion,
      osMajor: Number(profile.osVersion.split(".")[0]),
      ownership: "corporate",
      mutual: profile.demands !== null || notifyAddress !== undefined,
    },
  });
  const { device, userName, password, serverId, serverPassword } = registered;
  if (notifyAddress !== undefined) {
    await client.send(`/api/v1/devices/${device.id}/oma-dm`, {
      method: "PATCH",
      json: { notifyAddress },
    });
  }
  const isKnown = serverId !== null && serverPassword !== null;
  return {
    userName,
    password,
    server: isKnown ? { userName: serverId, password: serverPassword } : undefined,
  };
}
