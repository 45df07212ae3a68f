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
  | "silent-atomic"
  /** The Type of what it reports begins with `Reversed-Domain-Name:` and a blank. */
  | "blank-in-type"
  /** Says 0 instead of 401 and 407 to a server that it does not trust yet. */
  | "zero-status"
  /** What an Exec led to is reported before the Status of that Exec. */
  | "alert-first"
  /** Interior nodes are among the DevInfo that it sends. */
  | "interior-dev-info"
  /** Fails at an interior node that is added without a Data element. */
  | "needs-data"
  /** A chunk passes for the whole object. */
  | "ignores-more-data"
  /** A nonce of eight bytes is answered with a wrong digest, for ever. */
  | "no-short-nonce";

export const CREDENTIALS = ["basic", "md5", "mac"] as const;
export type Credentials = (typeof CREDENTIALS)[number];

export interface Profile {
  readonly name: string;
  readonly encoding: Encoding;
  /** `application/vnd.syncml+xml` instead of `application/vnd.syncml.dm+xml`; so for WBXML. */
  readonly plainContentType: boolean;
  readonly credentials: Credentials;
  /** Takes commands only from a server that has proved who it is, so; null: from any. */
  readonly demands: Exclude<Credentials, "basic"> | null;
  /** Sends no credentials until it is asked for them. */
  readonly waitsForChallenge: boolean;
  readonly hexSessionId: boolean;
  /** Bytes; null: it says nothing about it. */
  readonly maxMsgSize: number | null;
  /** Bytes of one object; null: it says nothing about it. */
  readonly maxObjSize: number | null;
  /** Bytes of its own messages, on a narrow line; null: what the server takes. */
  readonly sendBytesMax: number | null;
  /** Its user can be asked; others answer a question with 406. */
  readonly hasScreen: boolean;
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
  demands: null,
  waitsForChallenge: false,
  hexSessionId: false,
  maxMsgSize: null,
  maxObjSize: null,
  sendBytesMax: null,
  hasScreen: true,
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
    hasScreen: false,
    isPc: true,
  },
  /** An older PC, which tells its lists node by node. */
  windows10: {
    ...STANDARD,
    name: "windows10",
    structData: false,
    osPlatform: "Windows 10 Enterprise",
    osVersion: "10.0.19045.5608",
    hasScreen: false,
    isPc: true,
  },
  /** Wants to know who its server is, once a session. */
  wary: { ...STANDARD, name: "wary", demands: "md5", quirks: ["no-short-nonce"] },
  /** Wants every message of its server signed, and asks for it with 407. */
  stern: { ...STANDARD, name: "stern", demands: "mac" },
  /** Signs its own as well, and asks with zeros. */
  signed: {
    ...STANDARD,
    name: "signed",
    credentials: "mac",
    demands: "mac",
    quirks: ["zero-status"],
  },
  /** Little memory on a narrow line: small objects, small messages in both directions. */
  tight: {
    ...STANDARD,
    name: "tight",
    encoding: "wbxml",
    maxMsgSize: 3_000,
    maxObjSize: 2_500,
    sendBytesMax: 1_500,
    hasScreen: false,
  },
  /** Tells what came of the work before it says that it took it. */
  eager: {
    ...STANDARD,
    name: "eager",
    quirks: ["alert-first", "blank-in-type", "interior-dev-info"],
  },
  /** A library that knows nothing of large objects, and cannot do without a Data element. */
  plain: {
    ...STANDARD,
    name: "plain",
    maxMsgSize: 5_000,
    structData: false,
    largeObjects: false,
    hasScreen: false,
    quirks: ["ignores-more-data", "needs-data", "interior-dev-info"],
  },
} as const satisfies Readonly<Record<string, Profile>>;

export type ProfileName = keyof typeof PROFILES;

/** What a fleet is told to do otherwise than its kinds do. */
export type ProfileChange = Partial<
  Pick<
    Profile,
    "credentials" | "demands" | "encoding" | "maxMsgSize" | "maxObjSize" | "sendBytesMax"
  >
>;

export function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(PROFILES, text);
}

/** How many of a fleet's devices are of each kind, as shares. */
export type ProfileMix = Readonly<Partial<Record<ProfileName, number>>>;

/** What a branch is like: mostly good clients, and one of every weak kind in forty. */
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
  wary: 1,
  stern: 1,
  signed: 1,
  tight: 1,
  eager: 1,
  plain: 1,
};
