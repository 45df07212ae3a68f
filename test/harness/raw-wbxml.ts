import { XMLParser } from "fast-xml-parser";

/**
 * WBXML as a device played by the test writes and reads it: another codec than ours, with a table of
 * its own and no more than a simple client has, so that a mistake in our codec cannot hide behind itself.
 */

/** In the order of their tokens, from 0x05 on; - is none. */
const SYNCML =
  "Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang " +
  "LocName LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search " +
  "Sequence SessionID SftDel Source SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef - " +
  "VerDTD VerProto NumberOfChanges MoreData Field Filter Record FilterType SourceParent TargetParent " +
  "Move Correlator";
const METINF =
  "Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size " +
  "Type Version MaxObjSize FieldLevel";
const PAGES = [SYNCML, METINF].map((names) => names.split(" "));
const FIRST_TOKEN = 0x05;
const HEADER = [0x02, 0xa4, 0x01, 0x6a, 0x00];

type Node = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({ preserveOrder: true, parseTagValue: false, trimValues: false });

/** A message that was written as XML. Namespaces are told by the place: inside Meta it is MetInf. */
export function wbxmlOf(xml: string): Uint8Array {
  const bytes = [...HEADER];
  let page = 0;
  const write = (node: Node, wanted: number) => {
    const name = Object.keys(node).find((key) => key !== ":@") ?? "";
    if (name === "?xml") return;
    if (name === "#text") {
      bytes.push(0x03, ...Buffer.from(String(node["#text"])), 0);
      return;
    }
    const token = PAGES[wanted]?.indexOf(name) ?? -1;
    if (token < 0) throw new Error(`no token for ${name} on page ${wanted}`);
    if (page !== wanted) bytes.push(0x00, wanted);
    page = wanted;
    const children = node[name] as readonly Node[];
    bytes.push((token + FIRST_TOKEN) | (children.length > 0 ? 0x40 : 0));
    for (const child of children) write(child, name === "Meta" ? 1 : wanted);
    if (children.length > 0) bytes.push(0x01);
  };
  for (const node of PARSER.parse(xml) as Node[]) write(node, 0);
  return Uint8Array.from(bytes);
}

/** The same message as XML. Throws for what a simple client would not understand. */
export function xmlOf(bytes: Uint8Array): string {
  if (!Bun.deepEquals([...bytes.subarray(0, HEADER.length)], HEADER)) {
    throw new Error(`an unusual header: ${Buffer.from(bytes.subarray(0, 8)).toString("hex")}`);
  }
  let xml = "";
  let page = 0;
  const open: string[] = [];
  for (let at = HEADER.length; at < bytes.length; ) {
    const byte = bytes[at++] ?? 0;
    if (byte === 0x00) page = bytes[at++] ?? 0;
    else if (byte === 0x01) xml += `</${open.pop()}>`;
    else if (byte === 0x03) {
      const end = bytes.indexOf(0, at);
      xml += escapeXml(Buffer.from(bytes.subarray(at, end)).toString("utf8"));
      at = end + 1;
    } else {
      const name = byte < 0x80 ? PAGES[page]?.[(byte & 0x3f) - FIRST_TOKEN] : undefined;
      if (name === undefined || name === "-") {
        throw new Error(`byte ${byte} on page ${page} at ${at - 1} is no tag`);
      }
      xml += byte < 0x40 ? `<${name}/>` : `<${name}>`;
      if (byte >= 0x40) open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`<${open.join("><")}> were not closed`);
  return xml;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
