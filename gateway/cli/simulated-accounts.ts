import type { Behaviour } from "../../devices/simulator/behaviour.ts";
import { EnrolmentError } from "../../devices/simulator/enrol-pc.ts";
import type { Fetch } from "../../devices/simulator/fetch-content.ts";
import { Fleet, type FleetDevice } from "../../devices/simulator/fleet.ts";
import { type PlannedDevice, planFleet } from "../../devices/simulator/fleet-plan.ts";
import { type DevicesOptions, makeDevice } from "../../devices/simulator/make-device.ts";
import type { PcBehaviour } from "../../devices/simulator/pc/course.ts";
import { enrolPlannedPc } from "../../devices/simulator/pc/enrol-planned.ts";
import { PROFILES, type ProfileChange, type ProfileMix } from "../../devices/simulator/profiles.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { FleetArgs, FleetMix } from "./simulated-fleet.ts";

/** Enrolments under way at once: each makes a key. */
const ENROLMENTS_AT_ONCE = 4;
/** What a handheld that has nothing but a code is like. */
const CODE_KIND = "basic";

export interface FilesOptions {
  readonly count: number;
  readonly seed: number;
  readonly prefix: string;
  readonly startMs: number;
  readonly behaviour: Behaviour;
  readonly pcs: PcBehaviour;
  readonly change: ProfileChange;
  readonly mix: ProfileMix | undefined;
  readonly fetch: Fetch;
}

/**
 * Devices that have a one-time code each. A PC enrols with it; for a handheld it is the password of its
 * first, basic, credential. [D14]
 *
 * @throws CommandError when there are too few codes, or the site refuses one
 */
export async function fleetFromCodes(
  url: string,
  path: string,
  { count, seed, prefix, mix = { [CODE_KIND]: 1 }, ...options }: FilesOptions,
): Promise<Fleet> {
  const codes = await readLines(path, count, "codes", "each device needs one of its own");
  const plans = planFleet(count, seed, { mix, prefix });
  const others = plans.filter(({ profile }) => profile !== CODE_KIND && !PROFILES[profile].isPc);
  if (others[0] !== undefined) {
    throw new CommandError(
      `A code enrols PCs and handhelds of the kind ${CODE_KIND}, not ${others[0].profile}.`,
      EXIT.usage,
    );
  }
  const waiting = [...plans.entries()];
  const devices: FleetDevice[] = new Array(plans.length);
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, plan] = next;
      devices[index] = await enrolled(url, plan, codes[index] ?? "", devicesOptions(options));
    }
  };
  await Promise.all(Array.from({ length: ENROLMENTS_AT_ONCE }, worker));
  return new Fleet(devices);
}

async function enrolled(
  url: string,
  plan: PlannedDevice,
  code: string,
  options: DevicesOptions,
): Promise<FleetDevice> {
  if (!PROFILES[plan.profile].isPc) {
    const account = { serverUrl: `${url}/syncml`, userName: plan.stableId, password: code };
    return makeDevice(plan, account, options);
  }
  try {
    const pc = await enrolPlannedPc(plan, { serverUrl: url, code, fetch: options.fetch });
    // It was given secrets for both directions, and wants to see the server's.
    const change: ProfileChange = { demands: "md5", ...options.change };
    return makeDevice(pc.plan, pc.account, { ...options, change });
  } catch (error) {
    if (!(error instanceof EnrolmentError)) throw error;
    throw new CommandError(`${plan.name} was not enrolled: ${error.message}`, EXIT.negative);
  }
}

/**
 * Devices whose accounts are known already, such as those that were registered by hand.
 *
 * @throws CommandError when there are too few lines, or one is no account
 */
export async function fleetFromAccounts(
  url: string,
  path: string,
  { count, seed, prefix, mix, ...options }: FilesOptions,
): Promise<Fleet> {
  const lines = await readLines(path, count, "accounts", "each device needs one of its own");
  const plans = planFleet(count, seed, { prefix, ...(mix !== undefined && { mix }) });
  return new Fleet(
    plans.map((plan, index) => {
      const parts = (lines[index] ?? "").split(",").map((part) => part.trim());
      const [stableId = "", userName = "", password = "", serverId, serverPassword] = parts;
      const isWhole = (parts.length === 3 || parts.length === 5) && !parts.includes("");
      if (!isWhole) {
        throw new CommandError(
          `${path}, line ${index + 1}: write DevId,user name,password, and perhaps server id,server password.`,
          EXIT.usage,
        );
      }
      const profile = { ...PROFILES[plan.profile], ...options.change };
      if (profile.demands !== null && serverId === undefined) {
        throw new CommandError(
          `${path}, line ${index + 1}: a ${plan.profile} wants to know its server, so its password is needed.`,
          EXIT.usage,
        );
      }
      const server =
        serverId === undefined || serverPassword === undefined
          ? undefined
          : { userName: serverId, password: serverPassword };
      const account = { serverUrl: `${url}/syncml`, userName, password, server };
      return makeDevice({ ...plan, stableId }, account, devicesOptions(options));
    }),
  );
}

/** What cannot be chosen for devices that come with a code or an account. */
export function refuseWithFiles(
  args: FleetArgs & {
    readonly listen?: string | undefined;
    readonly codes?: string | undefined;
    readonly accounts?: string | undefined;
    readonly token?: string | undefined;
  },
  { pullers }: FleetMix,
): void {
  const sources = (["token", "codes", "accounts"] as const).filter((name) => args[name]);
  if (sources.length > 1) {
    const named = sources.map((name) => `--${name}`).join(" and ");
    throw new CommandError(`${named} say the same thing: give one.`, EXIT.usage);
  }
  if (args.codes === undefined && args.accounts === undefined) return;
  const [puller] = pullers.keys();
  if (puller !== undefined) throw new CommandError(`${puller} devices need a token.`, EXIT.usage);
  const given =
    args.codes === undefined ? (["listen"] as const) : (["auth", "server-auth", "listen"] as const);
  const wrong = given.find((name) => args[name] !== undefined);
  if (wrong === undefined) return;
  throw new CommandError(`--${wrong} needs a token.`, EXIT.usage);
}

function devicesOptions({
  behaviour,
  ...options
}: Omit<FilesOptions, "count" | "seed" | "prefix" | "mix">): DevicesOptions {
  return { ...options, handhelds: behaviour };
}

async function readLines(
  path: string,
  count: number,
  what: string,
  why: string,
): Promise<string[]> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`${path} does not exist.`, EXIT.usage);
  const lines = (await file.text())
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length >= count) return lines;
  throw new CommandError(
    `${path} has ${lines.length} ${what} for ${count} devices: ${why}.`,
    EXIT.usage,
  );
}
