/**
 * A SyncML 1.2 message as values. `decode-message.ts` and `encode-message.ts` turn it from and into
 * the element tree. A field that is missing on the wire is missing here.
 */
export interface Message {
  readonly header: Header;
  readonly commands: readonly Command[];
  readonly final: boolean;
}

/** Commands without a SyncHdr: never part of a device session. [Q43] */
export interface Fragment {
  readonly commands: readonly Command[];
  readonly final: boolean;
}

export interface Header {
  readonly verDtd: string;
  readonly verProto: string;
  /** Opaque text: decimal or hexadecimal, as the client wrote it. */
  readonly sessionId: string;
  readonly messageId: number;
  readonly target: Location;
  readonly source: Location;
  readonly respUri?: string | undefined;
  readonly cred?: Credential | undefined;
  readonly maxMsgSize?: number | undefined;
  readonly maxObjSize?: number | undefined;
  /** Only ever true: the sender wants no Status for the commands of this message. */
  readonly noResp?: true | undefined;
}

export interface Location {
  readonly uri: string;
  /** LocName: the user name when credentials are a digest. */
  readonly name?: string | undefined;
}

export interface Credential {
  /** Such as `syncml:auth-md5`, as the sender wrote it. */
  readonly type: string;
  readonly format?: string | undefined;
  readonly data: string;
}

export interface Challenge {
  readonly type: string;
  readonly format?: string | undefined;
  /** Base64. */
  readonly nextNonce?: string | undefined;
}

export type Command =
  | ItemsCommand
  | AlertCommand
  | ContainerCommand
  | StatusCommand
  | ResultsCommand
  | UnknownCommand;

export interface ItemsCommand {
  readonly name: "Add" | "Copy" | "Delete" | "Exec" | "Get" | "Replace";
  /** Empty when the sender forgot it. */
  readonly cmdId: string;
  readonly correlator?: string | undefined;
  readonly items: readonly Item[];
  /** Only ever true: the sender wants no Status for it. */
  readonly noResp?: true | undefined;
}

export interface AlertCommand {
  readonly name: "Alert";
  readonly cmdId: string;
  /** 0 when the sender gave none that is a number. */
  readonly code: number;
  readonly correlator?: string | undefined;
  readonly items: readonly Item[];
  readonly noResp?: true | undefined;
}

export interface ContainerCommand {
  readonly name: "Atomic" | "Sequence";
  readonly cmdId: string;
  readonly commands: readonly Command[];
  readonly noResp?: true | undefined;
}

export interface StatusCommand {
  readonly name: "Status";
  readonly cmdId: string;
  readonly msgRef: string;
  /** Missing from some clients' Status for SyncHdr. */
  readonly cmdRef?: string | undefined;
  /** The command's name, `SyncHdr` for the header. */
  readonly cmd: string;
  readonly targetRefs: readonly string[];
  readonly sourceRefs: readonly string[];
  readonly chal?: Challenge | undefined;
  readonly code: number;
  readonly items: readonly Item[];
}

export interface ResultsCommand {
  readonly name: "Results";
  readonly cmdId: string;
  readonly msgRef?: string | undefined;
  readonly cmdRef: string;
  readonly targetRef?: string | undefined;
  readonly sourceRef?: string | undefined;
  readonly items: readonly Item[];
}

/** An element of SyncBody that is not a command of DM 1.2. It is answered, never carried out. */
export interface UnknownCommand {
  readonly name: "Unknown";
  readonly element: string;
  readonly cmdId: string;
}

export interface Item {
  readonly target?: string | undefined;
  readonly source?: string | undefined;
  readonly meta?: Meta | undefined;
  /** Exactly as sent, blanks included. Empty for `<Data/>`, missing when there is no Data. */
  readonly data?: string | undefined;
  /** Only ever true: a chunk of a large object that is not the last. */
  readonly moreData?: true | undefined;
}

export interface Meta {
  /** In lower case: `chr`, `int`, `node`, `xml`, `b64`, … */
  readonly format?: string | undefined;
  readonly type?: string | undefined;
  readonly mark?: string | undefined;
  readonly size?: number | undefined;
}
