/**
 * Kinds of clients as they are met in the field: how each speaks, and where each is weak. A server
 * that is strict about any of this fails with a real device.
 */
export type Quirk =
  /** The Status for SyncHdr has no CmdRef. */
  | "no-header-cmd-ref"
  /** Status elements come in another order than the commands. */
  | "statuses-reversed"
  /** Inside a Status, Data comes before the references. */
  | "data-first"
  /** The same CmdID is used again within a message. */
  | "repeats-cmd-id"
  /** Format is written `Chr`. */
  | "capital-format"
  /** XML attributes are in single quotes. */
  | "single-quotes"
  /** An Atomic gets no Status of its own. */
  | "silent-atomic";

export interface Profile {
  readonly name: string;
  /** `application/vnd.syncml+xml` instead of `application/vnd.syncml.dm+xml`. */
  readonly plainContentType: boolean;
  readonly credentials: "basic" | "md5";
  /** Sends no credentials until it is asked for them. */
  readonly waitsForChallenge: boolean;
  readonly hexSessionId: boolean;
  /** Bytes; null: it says nothing about it. */
  readonly maxMsgSize: number | null;
  /** Answers `?list=StructData`; others say 406. */
  readonly structData: boolean;
  readonly largeObjects: boolean;
  /** Commands that it answers 501. */
  readonly lacks: readonly ("Atomic" | "Sequence" | "Delete")[];
  readonly quirks: readonly Quirk[];
  readonly osPlatform: string;
  readonly osVersion: string;
}

const STANDARD: Profile = {
  name: "standard",
  plainContentType: false,
  credentials: "md5",
  waitsForChallenge: false,
  hexSessionId: false,
  maxMsgSize: null,
  structData: true,
  largeObjects: true,
  lacks: [],
  quirks: [],
  osPlatform: "Windows 10 Mobile",
  osVersion: "10.0.15254.603",
};

export const PROFILES = {
  /** Does everything right. */
  standard: STANDARD,
  /** Sends its password with every session; meant for TLS. */
  basic: { ...STANDARD, name: "basic", credentials: "basic", hexSessionId: true },
  /** Says nothing until it is challenged, as a factory-fresh device does. */
  shy: { ...STANDARD, name: "shy", waitsForChallenge: true },
  /** Takes only small messages, so that long lists come in parts. */
  narrow: { ...STANDARD, name: "narrow", maxMsgSize: 5_000 },
  /** A small client library: little memory, no lists of structures, careless about details. */
  thrifty: {
    ...STANDARD,
    name: "thrifty",
    plainContentType: true,
    maxMsgSize: 16_384,
    structData: false,
    largeObjects: false,
    quirks: ["no-header-cmd-ref", "data-first", "capital-format", "single-quotes"],
  },
  /** An old client without Atomic, Sequence and Delete. */
  legacy: {
    ...STANDARD,
    name: "legacy",
    structData: false,
    largeObjects: false,
    lacks: ["Atomic", "Sequence", "Delete"],
    quirks: ["statuses-reversed", "repeats-cmd-id"],
    osPlatform: "Windows Phone 8.1",
    osVersion: "8.10.15148.160",
  },
  /** Carries an Atomic out but never says so. */
  silent: { ...STANDARD, name: "silent", quirks: ["silent-atomic", "statuses-reversed"] },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;

export function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(PROFILES, text);
}

/** How many of a fleet's devices are of each kind, as shares. */
export type ProfileMix = Readonly<Partial<Record<ProfileName, number>>>;

/** What a branch is like: mostly good clients, and one of every weak kind in thirty. */
export const FIELD_MIX: ProfileMix = {
  standard: 12,
  basic: 6,
  shy: 2,
  narrow: 4,
  thrifty: 3,
  legacy: 2,
  silent: 1,
};
