/**
 * The tags of WBXML: SyncML on code page 0, MetInf on page 1, the device description framework (TNDS)
 * on page 2; and the public ids that name these documents. Attributes have no tokens. [syncml 4]
 *
 * Parser, printer and tests iterate over these tables.
 */
import { DDF_NAMESPACE, METINF_NAMESPACE, SYNCML_NAMESPACE } from "./element.ts";

/** Tokens by name, without the bits for content and attributes. */
export type CodePage = Readonly<Record<string, number>>;

/** Each page at its number. */
export const CODE_PAGES: readonly [CodePage, CodePage, CodePage] = [
  {
    Add: 0x05,
    Alert: 0x06,
    Archive: 0x07,
    Atomic: 0x08,
    Chal: 0x09,
    Cmd: 0x0a,
    CmdID: 0x0b,
    CmdRef: 0x0c,
    Copy: 0x0d,
    Cred: 0x0e,
    Data: 0x0f,
    Delete: 0x10,
    Exec: 0x11,
    Final: 0x12,
    Get: 0x13,
    Item: 0x14,
    Lang: 0x15,
    LocName: 0x16,
    LocURI: 0x17,
    Map: 0x18,
    MapItem: 0x19,
    Meta: 0x1a,
    MsgID: 0x1b,
    MsgRef: 0x1c,
    NoResp: 0x1d,
    NoResults: 0x1e,
    Put: 0x1f,
    Replace: 0x20,
    RespURI: 0x21,
    Results: 0x22,
    Search: 0x23,
    Sequence: 0x24,
    SessionID: 0x25,
    SftDel: 0x26,
    Source: 0x27,
    SourceRef: 0x28,
    Status: 0x29,
    Sync: 0x2a,
    SyncBody: 0x2b,
    SyncHdr: 0x2c,
    SyncML: 0x2d,
    Target: 0x2e,
    TargetRef: 0x2f,
    VerDTD: 0x31,
    VerProto: 0x32,
    NumberOfChanges: 0x33,
    MoreData: 0x34,
    Field: 0x35,
    Filter: 0x36,
    Record: 0x37,
    FilterType: 0x38,
    SourceParent: 0x39,
    TargetParent: 0x3a,
    Move: 0x3b,
    Correlator: 0x3c,
  },
  {
    Anchor: 0x05,
    EMI: 0x06,
    Format: 0x07,
    FreeID: 0x08,
    FreeMem: 0x09,
    Last: 0x0a,
    Mark: 0x0b,
    MaxMsgSize: 0x0c,
    Mem: 0x0d,
    MetInf: 0x0e,
    Next: 0x0f,
    NextNonce: 0x10,
    SharedMem: 0x11,
    Size: 0x12,
    Type: 0x13,
    Version: 0x14,
    MaxObjSize: 0x15,
    FieldLevel: 0x16,
  },
  {
    AccessType: 0x05,
    ACL: 0x06,
    Add: 0x07,
    b64: 0x08,
    bin: 0x09,
    bool: 0x0a,
    chr: 0x0b,
    CaseSense: 0x0c,
    CIS: 0x0d,
    Copy: 0x0e,
    CS: 0x0f,
    date: 0x10,
    DDFName: 0x11,
    DefaultValue: 0x12,
    Delete: 0x13,
    Description: 0x14,
    DFFormat: 0x15,
    DFProperties: 0x16,
    DFTitle: 0x17,
    DFType: 0x18,
    Dynamic: 0x19,
    Exec: 0x1a,
    float: 0x1b,
    Format: 0x1c,
    Get: 0x1d,
    int: 0x1e,
    Man: 0x1f,
    MgmtTree: 0x20,
    MIME: 0x21,
    Mod: 0x22,
    Name: 0x23,
    Node: 0x24,
    node: 0x25,
    NodeName: 0x26,
    null: 0x27,
    Occurrence: 0x28,
    One: 0x29,
    OneOrMore: 0x2a,
    OneOrN: 0x2b,
    Path: 0x2c,
    Permanent: 0x2d,
    Replace: 0x2e,
    RTProperties: 0x2f,
    Scope: 0x30,
    Size: 0x31,
    time: 0x32,
    Title: 0x33,
    TStamp: 0x34,
    Type: 0x35,
    Value: 0x36,
    VerDTD: 0x37,
    VerNo: 0x38,
    xml: 0x39,
    ZeroOrMore: 0x3a,
    ZeroOrN: 0x3b,
    ZeroOrOne: 0x3c,
  },
];

/** @param syncml the namespace of page 0 in this document: it tells the version */
export function namespaceOf(page: number, syncml: string): string {
  if (page === 1) return METINF_NAMESPACE;
  return page === 2 ? DDF_NAMESPACE : syncml;
}

/** The page of a namespace; undefined: its elements have no tokens. */
export function pageOf(namespace: string, syncml: string): number | undefined {
  if (namespace === syncml) return 0;
  if (namespace === METINF_NAMESPACE) return 1;
  return namespace === DDF_NAMESPACE ? 2 : undefined;
}

export interface PublicId {
  /** Undefined for a document that has only a text. */
  readonly number: number | undefined;
  readonly text: string;
  /** Of the elements on page 0. */
  readonly namespace: string;
}

const SYNCML_1_2: PublicId = {
  number: 0x1201,
  text: "-//SYNCML//DTD SyncML 1.2//EN",
  namespace: SYNCML_NAMESPACE,
};

export const DDF_PUBLIC_ID: PublicId = {
  number: undefined,
  text: "-//OMA//DTD-DM-DDF 1.2//EN",
  namespace: SYNCML_NAMESPACE,
};

export const PUBLIC_IDS: readonly PublicId[] = [
  SYNCML_1_2,
  { number: 0x0fd3, text: "-//SYNCML//DTD SyncML 1.1//EN", namespace: "SYNCML:SYNCML1.1" },
  { number: 0x0fd1, text: "-//SYNCML//DTD SyncML 1.0//EN", namespace: "SYNCML:SYNCML1.0" },
  { number: 0x1202, text: "-//SYNCML//DTD MetInf 1.2//EN", namespace: SYNCML_NAMESPACE },
  DDF_PUBLIC_ID,
];

/** A document that leaves its public id open; the transport said what it is. */
export const UNKNOWN_PUBLIC_ID = 1;

/** The public id for page 0 of a namespace. */
export function publicIdOf(namespace: string): PublicId {
  return PUBLIC_IDS.find((id) => id.namespace === namespace) ?? SYNCML_1_2;
}

/** The globals that SyncML uses, of WBXML 1.1 to 1.3, and the bits of a tag. */
export const WBXML = {
  switchPage: 0x00,
  end: 0x01,
  entity: 0x02,
  inlineString: 0x03,
  /** With the bits of a tag, a tag by its name; without them, an attribute. */
  literal: 0x04,
  processingInstruction: 0x43,
  tableString: 0x83,
  opaque: 0xc3,
  hasContent: 0x40,
  hasAttributes: 0x80,
} as const;

/** MIBenum. */
export const UTF8_CHARSET = 106;
