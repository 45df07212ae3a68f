import { z } from "zod";
import { apportion } from "../../devices/simulator/fleet-plan.ts";
import {
  CREDENTIALS,
  isProfileName,
  PROFILES,
  type ProfileChange,
  type ProfileMix,
} from "../../devices/simulator/profiles.ts";
import { isPullKind, PULL_KINDS, type PullKind } from "../../devices/simulator/pull/kinds.ts";
import { MAX_MSG_SIZE_MIN } from "../../protocols/oma-dm/server-state.ts";
import { ENCODINGS } from "../../protocols/syncml/encoding.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { readWholeNumber } from "./options.ts";

const KINDS = [...Object.keys(PROFILES), ...Object.keys(PULL_KINDS)].join(", ");
const SERVER_AUTH = ["none", "md5", "mac"] as const;
const BYTES_MAX = 1024 * 1024;
const OBJECT_BYTES_MIN = 256;

/** What `outpost simulate` may be told of its devices' kinds. */
export const FLEET_ARGS = {
  profile: {
    type: "string",
    valueHint: "NAME",
    description: `All devices of one kind: ${KINDS}. What each is like: devices/simulator/README.md.`,
  },
  mix: {
    type: "string",
    valueHint: "NAME=SHARE,…",
    description: "Kinds of devices in these shares; without it, what a branch is like.",
  },
  encoding: {
    type: "string",
    valueHint: ENCODINGS.join("|"),
    description: "How all devices speak; else each as its kind does. So for the next five.",
  },
  auth: {
    type: "string",
    valueHint: CREDENTIALS.join("|"),
    description: "How they prove who they are: password, digest, or every message signed.",
  },
  "server-auth": {
    type: "string",
    valueHint: SERVER_AUTH.join("|"),
    description: "How the site has to prove itself before they do what it says.",
  },
  "message-size": {
    type: "string",
    valueHint: "BYTES",
    description: "The MaxMsgSize that they give.",
  },
  "object-size": {
    type: "string",
    valueHint: "BYTES",
    description: "The MaxObjSize that they give.",
  },
  "send-size": {
    type: "string",
    valueHint: "BYTES",
    description: "The largest message that they send themselves.",
  },
} as const;

export type FleetArgs = Readonly<Partial<Record<keyof typeof FLEET_ARGS, string | undefined>>>;

/** @throws CommandError for a word that is none */
export function readChange(args: FleetArgs): ProfileChange {
  const encoding = readWord("encoding", args.encoding, ENCODINGS);
  const credentials = readWord("auth", args.auth, CREDENTIALS);
  const demands = readWord("server-auth", args["server-auth"], SERVER_AUTH);
  const size = (name: keyof typeof FLEET_ARGS, min: number) => {
    const text = args[name];
    return text === undefined ? undefined : readWholeNumber(name, text, min, BYTES_MAX);
  };
  const maxMsgSize = size("message-size", MAX_MSG_SIZE_MIN);
  const maxObjSize = size("object-size", OBJECT_BYTES_MIN);
  const sendBytesMax = size("send-size", MAX_MSG_SIZE_MIN);
  return {
    ...(encoding !== undefined && { encoding }),
    ...(credentials !== undefined && { credentials }),
    ...(demands !== undefined && { demands: demands === "none" ? null : demands }),
    ...(maxMsgSize !== undefined && { maxMsgSize }),
    ...(maxObjSize !== undefined && { maxObjSize }),
    ...(sendBytesMax !== undefined && { sendBytesMax }),
  };
}

const Share = z.coerce.number().int().min(0).max(1_000);

/** Which devices a fleet has. */
export interface FleetMix {
  /** Those that speak OMA DM, and their kinds; without a mix, as a branch is. */
  readonly count: number;
  readonly mix: ProfileMix | undefined;
  /** Those that come and ask for work in other protocols, and how many there are of each. */
  readonly pullers: ReadonlyMap<PullKind, number>;
}

/** @throws CommandError for a kind that is none */
export function readFleetMix(args: FleetArgs, count: number): FleetMix {
  const mix = readMix(args);
  if (mix === undefined) return { count, mix, pullers: new Map() };
  if (!Object.values(mix).some((share) => share > 0)) {
    throw new CommandError("--mix names no kind with a share above 0.", EXIT.usage);
  }
  const kinds = apportion(count, mix);
  const pullers = new Map<PullKind, number>();
  for (const kind of kinds) if (isPullKind(kind)) pullers.set(kind, (pullers.get(kind) ?? 0) + 1);
  const others = kinds.filter((kind) => !isPullKind(kind));
  const shares = Object.entries(mix).filter(([kind]) => isProfileName(kind));
  return { count: others.length, mix: Object.fromEntries(shares), pullers };
}

function readMix({ profile, mix: text }: FleetArgs): Readonly<Record<string, number>> | undefined {
  if (profile !== undefined) {
    if (text !== undefined) {
      throw new CommandError("--profile and --mix say the same thing: give one.", EXIT.usage);
    }
    if (isProfileName(profile) || isPullKind(profile)) return { [profile]: 1 };
    throw new CommandError(`--profile is "${profile}": write one of ${KINDS}.`, EXIT.usage);
  }
  if (text === undefined) return undefined;
  const mix: Record<string, number> = {};
  for (const part of text.split(",")) {
    const [name = "", share] = part.trim().split("=");
    const number = Share.safeParse(share);
    if (!(isProfileName(name) || isPullKind(name)) || !number.success) {
      throw new CommandError(
        `--mix has "${part}": write kinds and shares such as standard=3,thrifty=1. Kinds: ${KINDS}.`,
        EXIT.usage,
      );
    }
    mix[name] = number.data;
  }
  return mix;
}

/** @throws CommandError for `--listen` with PCs only, which hear no notifications */
export function refuseDeaf(
  { listen }: { readonly listen?: string | undefined },
  { mix, count }: FleetMix,
): void {
  if (listen === undefined || mix === undefined) return;
  const kinds = (Object.keys(mix) as (keyof ProfileMix)[]).filter((kind) => (mix[kind] ?? 0) > 0);
  if (count > 0 && kinds.some((kind) => !PROFILES[kind].isPc)) return;
  throw new CommandError(
    "--listen needs handhelds: Windows PCs hear no calls, nor do clients of other protocols.",
    EXIT.usage,
  );
}

function readWord<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text.toLowerCase());
  if (word !== undefined) return word;
  const others = words.slice(0, -1).join(", ");
  throw new CommandError(`--${name} is "${text}": write ${others} or ${words.at(-1)}.`, EXIT.usage);
}
