import type { Encoding } from "../../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { TEXT_PER_BYTE_MAX } from "../../../protocols/syncml/wbxml-reader.ts";

/** A document made to cost its reader as much as the limits allow. */
export interface Hostile {
  readonly name: string;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
}

const { bytesMax, depthMax, elementsMax, textMax } = DOCUMENT_LIMITS;

/** WBXML is written as characters up to U+00FF here. */
const HEAD = "\x02\xa4\x01\x6a\0";
const [ITEM, META, DATA, END] = ["\x54", "\x5a", "\x4f", "\x01"];

export function hostileDocuments(): readonly Hostile[] {
  const wide = elementsMax - 1;
  const columns = Math.floor(elementsMax / depthMax);
  const nest = (open: string, close: string) =>
    (open.repeat(depthMax - 1) + close.repeat(depthMax - 1)).repeat(columns);
  return [
    wbxml("many empty elements", `${ITEM}${"\x12".repeat(wide)}${END}`),
    wbxml("many elements with content that is empty", `${ITEM}${`\x52${END}`.repeat(wide)}${END}`),
    wbxml("many elements with one child", `${ITEM}${`${META}\x12${END}`.repeat(wide / 2)}${END}`),
    wbxml("many nested elements", `${ITEM}${nest(META, END)}${END}`),
    wbxml("many short strings", `${ITEM}${`${DATA}\x03ab\0${END}`.repeat(wide)}${END}`),
    wbxml(
      "many strings that are not ASCII",
      `${ITEM}${`${DATA}\x03\xc3\xa9\0${END}`.repeat(wide)}${END}`,
    ),
    wbxml("many short blocks", `${ITEM}${`${DATA}\xc3\x02ab${END}`.repeat(wide)}${END}`),
    wbxml("one text of many strings", `${DATA}${"\x03a\0".repeat(bytesMax / 3 - 3)}${END}`),
    wbxml("one text of many entities", `${DATA}${"\x02a".repeat(bytesMax / 2 - 4)}${END}`),
    wbxml("one text of many empty strings", `${DATA}${"\x03\0".repeat(bytesMax / 2 - 4)}${END}`),
    wbxml("one long text", `${DATA}\x03${"x".repeat(textMax)}\0${END}`),
    wbxml(
      "one long text that is not ASCII",
      `${DATA}\x03${"\xc3\xa9".repeat(textMax - 8)}\0${END}`,
    ),
    wbxml("many page switches", `${ITEM}${"\0\0".repeat(bytesMax / 2 - 4)}${END}`),
    wbxml("many Metas before many blocks", blocksAfterMetas()),
    wbxml("a string of the table, referred to for ever", references(1000), "\x6a\x87\x69"),
    wbxml("many names from the table", names(), "\x6a\x87\x69"),
    wbxml("many embedded documents", embedded()),
    xml("many empty elements", `<a>${"<b/>".repeat(wide)}</a>`),
    xml("many nested elements", `<a>${nest("<b>", "</b>")}</a>`),
    xml("many short texts", `<a>${"<b>ab</b>".repeat(wide)}</a>`),
    xml("many namespaces", `<a>${'<b xmlns="u"/>'.repeat(wide)}</a>`),
    xml("many attributes", `<a>${"<b c='' d='' e='' f=''/>".repeat(bytesMax / 24 - 4)}</a>`),
    xml("one text of many references", `<a>${"&#97;".repeat(bytesMax / 5 - 4)}</a>`),
    xml("one text of many sections", `<a>${"<![CDATA[a]]>".repeat(bytesMax / 13 - 4)}</a>`),
    xml("one text between many comments", `<a>${"a<!---->".repeat(bytesMax / 8 - 4)}</a>`),
    xml("one long text", `<a>${"x".repeat(textMax)}</a>`),
    xml("one long name", `<${"x".repeat(bytesMax - 8)}/>`),
    xml("many long names", `<a>${`<${"x".repeat(1000)}/>`.repeat(bytesMax / 1003 - 2)}</a>`),
  ];
}

function wbxml(name: string, body: string, tail = ""): Hostile {
  const head = tail === "" ? HEAD : `\x02\xa4\x01${tail}${"x".repeat(1000)}\0`;
  return { name, encoding: "wbxml", bytes: Buffer.from(head + body, "latin1") };
}

function xml(name: string, text: string): Hostile {
  return { name, encoding: "xml", bytes: Buffer.from(text) };
}

/** As many as the document's length pays for. */
function references(length: number): string {
  const times = Math.floor(bytesMax / length) - 1;
  const filler = "\0\0".repeat(bytesMax / TEXT_PER_BYTE_MAX / 2);
  return `${ITEM}${filler}${`${DATA}\x83\0${END}`.repeat(times)}${END}`;
}

function names(): string {
  const filler = "\0\0".repeat(bytesMax / TEXT_PER_BYTE_MAX / 2);
  return `${ITEM}${filler}${"\x04\0".repeat(Math.floor(bytesMax / 1000) - 1)}${END}`;
}

/** Each block asks what the Metas before it say. */
function blocksAfterMetas(): string {
  const half = elementsMax / 2 - 2;
  return `${ITEM}${"\x14".repeat(half)}${`${DATA}\xc3\x01a${END}`.repeat(half)}${END}`;
}

function embedded(): string {
  const document = "\x02\x01\x6a\0\x12";
  return `${ITEM}${`${DATA}\xc3${String.fromCharCode(document.length)}${document}${END}`.repeat(elementsMax / 2 - 1)}${END}`;
}
