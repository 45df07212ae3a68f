import type { Encoding } from "../../protocols/syncml/encoding.ts";

/** How a byte device says and finds what it needs; bytes are characters up to U+00FF. */
export interface Dialect {
  readonly contentType: string;
  /** Between the last command and the end of a message. */
  readonly end: string;
  /** Every command of an answer that the device has to answer, where it stands and its CmdID. */
  readonly commands: (answer: string) => Iterable<FoundCommand>;
  /** The text of the first element of that name from there on. */
  readonly textAfter: (answer: string, name: "MsgID" | "LocURI", at: number) => string;
  readonly status: (
    id: number,
    messageRef: string,
    ref: string,
    name: string,
    code: number,
  ) => string;
  readonly results: (id: number, messageRef: string, ref: string, items: string) => string;
  /** An Item of Results. */
  readonly item: (uri: string, data: string) => string;
  /** An Item of Results that is an interior node. */
  readonly node: (uri: string) => string;
}

export interface FoundCommand {
  readonly name: string;
  readonly cmdId: string;
  readonly end: number;
}

const XML: Dialect = {
  contentType: "application/vnd.syncml.dm+xml",
  end: "<Final/></SyncBody></SyncML>",
  *commands(answer) {
    const command = /<(Get|Atomic|Add|Replace|Exec|Delete)><CmdID>(\d+)<\/CmdID>/g;
    for (let found = command.exec(answer); found; found = command.exec(answer)) {
      const [, name = "", cmdId = ""] = found;
      yield { name, cmdId, end: command.lastIndex };
    }
  },
  textAfter: (answer, name, at) => between(answer, `<${name}>`, "<", at),
  status: (id, messageRef, ref, name, code) =>
    `<Status><CmdID>${id}</CmdID><MsgRef>${messageRef}</MsgRef><CmdRef>${ref}</CmdRef><Cmd>${name}</Cmd><Data>${code}</Data></Status>`,
  results: (id, messageRef, ref, items) =>
    `<Results><CmdID>${id}</CmdID><MsgRef>${messageRef}</MsgRef><CmdRef>${ref}</CmdRef>${items}</Results>`,
  item: (uri, data) => `<Item><Source><LocURI>${uri}</LocURI></Source><Data>${data}</Data></Item>`,
  node: (uri) =>
    `<Item><Source><LocURI>${uri}</LocURI></Source><Meta><Format xmlns="syncml:metinf">node</Format></Meta></Item>`,
};

/** Tags with content. */
const TAG = {
  CmdID: "\x4b",
  CmdRef: "\x4c",
  Cmd: "\x4a",
  Data: "\x4f",
  Item: "\x54",
  LocURI: "\x57",
  Meta: "\x5a",
  MsgID: "\x5b",
  MsgRef: "\x5c",
  Results: "\x62",
  Source: "\x67",
  Status: "\x69",
} as const;
const COMMANDS: Readonly<Record<string, string>> = {
  "\x45": "Add",
  "\x48": "Atomic",
  "\x50": "Delete",
  "\x51": "Exec",
  "\x53": "Get",
  "\x60": "Replace",
};
const END = "\x01";

const leaf = (name: keyof typeof TAG, text: string | number) => `${TAG[name]}\x03${text}\0${END}`;
const source = (uri: string) => `${TAG.Source}${leaf("LocURI", uri)}${END}`;

const WBXML: Dialect = {
  contentType: "application/vnd.syncml.dm+wbxml",
  end: `\x12${END}${END}`,
  *commands(answer) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are tags here.
    const command = /([\x45\x48\x50\x51\x53\x60])\x4b\x03(\d+)\0\x01/g;
    for (let found = command.exec(answer); found; found = command.exec(answer)) {
      const [, tag = "", cmdId = ""] = found;
      yield { name: COMMANDS[tag] ?? "", cmdId, end: command.lastIndex };
    }
  },
  textAfter: (answer, name, at) => between(answer, `${TAG[name]}\x03`, "\0", at),
  status: (id, messageRef, ref, name, code) =>
    `${TAG.Status}${leaf("CmdID", id)}${leaf("MsgRef", messageRef)}${leaf("CmdRef", ref)}${leaf("Cmd", name)}${leaf("Data", code)}${END}`,
  results: (id, messageRef, ref, items) =>
    `${TAG.Results}${leaf("CmdID", id)}${leaf("MsgRef", messageRef)}${leaf("CmdRef", ref)}${items}${END}`,
  item: (uri, data) => `${TAG.Item}${source(uri)}${leaf("Data", data)}${END}`,
  node: (uri) => `${TAG.Item}${source(uri)}${TAG.Meta}\0\x01\x47\x03node\0${END}${END}\0\0${END}`,
};

export const DIALECTS: Readonly<Record<Encoding, Dialect>> = { xml: XML, wbxml: WBXML };

function between(text: string, start: string, end: string, from: number): string {
  const at = text.indexOf(start, from) + start.length;
  return text.slice(at, text.indexOf(end, at));
}
