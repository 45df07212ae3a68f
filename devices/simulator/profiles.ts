import type { Encoding } from "../../protocols/syncml/encoding.ts";

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
  /** Strings that come again are in WBXML's string table. */
  | "string-table"
  /** In WBXML, text is in blocks of bytes. */
  | "text-in-blocks"
  /** In WBXML, the root has an xmlns whose name is nowhere. */
  | "nokia-xmlns"
  /** An Atomic gets no Status of its own. */
  | "silent-atomic";

export interface Profile {
  readonly name: string;
  readonly encoding: Encoding;
  /** `application/vnd.syncml+xml` instead of `application/vnd.syncml.dm+xml`; so for WBXML. */
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
  /** A desktop or laptop: it has other providers than a handheld, and a tree of its own. */
  readonly isPc: boolean;
}

const STANDARD: Profile = {
  name: "standard",
  encoding: "xml",
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
  isPc: false,
};

export const PROFILES = {
  /** Does everything right. */
  standard: STANDARD,
  /** The same in WBXML, as DEFAULTENCODING may ask of it. */
  compact: { ...STANDARD, name: "compact", encoding: "wbxml", quirks: ["string-table"] },
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
  /** The like in WBXML, after an old phone's ways. */
  embedded: {
    ...STANDARD,
    name: "embedded",
    encoding: "wbxml",
    plainContentType: true,
    maxMsgSize: 16_384,
    structData: false,
    largeObjects: false,
    quirks: ["no-header-cmd-ref", "data-first", "text-in-blocks", "nokia-xmlns"],
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
  /** A PC: it installs MSI packages and packaged apps. */
  windows11: {
    ...STANDARD,
    name: "windows11",
    hexSessionId: true,
    osPlatform: "Windows 11 Pro",
    osVersion: "10.0.26100.4351",
    isPc: true,
  },
  /** An older PC, which tells its lists node by node. */
  windows10: {
    ...STANDARD,
    name: "windows10",
    structData: false,
    osPlatform: "Windows 10 Enterprise",
    osVersion: "10.0.19045.5608",
    isPc: true,
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;

export function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(PROFILES, text);
}

/** How many of a fleet's devices are of each kind, as shares. */
export type ProfileMix = Readonly<Partial<Record<ProfileName, number>>>;

/** What a branch is like: mostly good clients, and one of every weak kind in thirty. */
export const FIELD_MIX: ProfileMix = {
  standard: 10,
  compact: 2,
  basic: 5,
  shy: 2,
  narrow: 4,
  thrifty: 3,
  embedded: 1,
  legacy: 2,
  silent: 1,
};
