import { createHash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";
import { wbxmlOf, xmlOf } from "./raw-wbxml.ts";

/**
 * A device played by the test, with XML written by hand and read by another parser than ours, so
 * that a mistake in our codec cannot hide behind itself. In WBXML it sends and reads the same.
 */
export interface RawDeviceOptions {
  readonly url: string;
  readonly deviceId: string;
  readonly user: string;
  readonly password: string;
  readonly auth?: "basic" | "md5";
  /** Shows its credential (basic) in the first message of a session only. */
  readonly showsOnce?: boolean;
  /** Base64 of the nonce that the first digest answers, for one that was told it. */
  readonly nonce?: string;
  readonly encoding?: "xml" | "wbxml";
  /** Instead of the network. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface RawItem {
  readonly uri: string;
  readonly data: string | undefined;
  readonly format: string | undefined;
}

export interface RawCommand {
  readonly name: string;
  readonly cmdId: string;
  readonly items: readonly RawItem[];
  readonly children: readonly RawCommand[];
}

export interface RawStatus {
  readonly cmd: string;
  readonly msgRef: string;
  readonly cmdRef: string;
  readonly code: number;
  readonly nextNonce: string | undefined;
}

export interface RawAnswer {
  readonly msgId: number;
  readonly statuses: readonly RawStatus[];
  readonly commands: readonly RawCommand[];
  readonly final: boolean;
  readonly xml: string;
}

/** What the device says to one command: a code, one per item if they differ, and Results. */
export interface RawReply {
  readonly code: number;
  readonly itemCodes?: readonly number[];
  readonly results?: readonly { uri: string; data?: string; format?: string }[];
  /** A Results element as it is printed somewhere; only its numbers are made to fit. */
  readonly printed?: string;
  /** For Atomic: the replies of its members, in order. */
  readonly members?: readonly RawReply[];
}

export type RawHandler = (command: RawCommand) => RawReply;

const DEV_INFO = [
  ["Man", "Contoso"],
  ["Mod", "Handheld 1"],
  ["DmV", "1.2"],
  ["Lang", "en-us"],
] as const;

export class RawDevice {
  readonly options: RawDeviceOptions;
  /** The commands of the last session, in the order they came. */
  transcript: RawCommand[] = [];
  answers: RawAnswer[] = [];
  lastSent = "";
  /** Further commands of the first message, as XML. */
  alerts = "";
  #sessionId = 0;
  #messageId = 0;
  #nonce = "";

  constructor(options: RawDeviceOptions) {
    this.options = options;
    this.#nonce = options.nonce ?? "";
  }

  /** Opens a session, answers every command by `handler` until nothing is asked, and returns all. */
  async session(handler: RawHandler): Promise<RawCommand[]> {
    let answer = await this.open();
    for (let turn = 0; turn < 50 && answer.commands.length > 0; turn++) {
      answer = await this.reply(answer, handler);
    }
    return this.transcript;
  }

  /** Package 1, with credentials. */
  async open(): Promise<RawAnswer> {
    this.#sessionId += 1;
    this.#messageId = 0;
    this.transcript = [];
    this.answers = [];
    const answer = await this.#postFirst();
    const header = answer.statuses.find((status) => status.cmd === "SyncHdr");
    if (header?.code === 401 || header?.code === 407) {
      if (header.nextNonce === undefined || this.options.auth !== "md5") return answer;
      this.#nonce = header.nextNonce;
      return this.#postFirst();
    }
    return answer;
  }

  #postFirst(): Promise<RawAnswer> {
    const items = DEV_INFO.map(
      ([leaf, value]) =>
        `<Item><Source><LocURI>./DevInfo/${leaf}</LocURI></Source><Data>${value}</Data></Item>`,
    ).join("");
    return this.post(
      `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>` +
        `<Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source>` +
        `<Data>${escapeXml(this.options.deviceId)}</Data></Item>${items}</Replace>${this.alerts}<Final/>`,
    );
  }

  /** Answers the commands of a message. */
  reply(answer: RawAnswer, handler: RawHandler): Promise<RawAnswer> {
    let next = 2;
    const parts = [
      `<Status><CmdID>1</CmdID><MsgRef>${answer.msgId}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`,
    ];
    const results: string[] = [];
    const say = (command: RawCommand, reply: RawReply) => {
      const codes = reply.itemCodes ?? [reply.code];
      codes.forEach((code, index) => {
        const target = reply.itemCodes ? command.items[index]?.uri : undefined;
        parts.push(
          `<Status><CmdID>${next++}</CmdID><MsgRef>${answer.msgId}</MsgRef><CmdRef>${command.cmdId}</CmdRef>` +
            `<Cmd>${command.name}</Cmd>${target ? `<TargetRef>${escapeXml(target)}</TargetRef>` : ""}<Data>${code}</Data></Status>`,
        );
      });
      command.children.forEach((child, index) => {
        say(child, reply.members?.[index] ?? { code: reply.code });
      });
      if (reply.printed !== undefined) {
        const numbers = { CmdID: next++, MsgRef: answer.msgId, CmdRef: command.cmdId };
        results.push(
          Object.entries(numbers).reduce(
            (xml, [name, number]) =>
              xml.replace(new RegExp(`<${name}>.*?</${name}>`), `<${name}>${number}</${name}>`),
            reply.printed,
          ),
        );
      }
      if (reply.results && reply.results.length > 0) {
        const items = reply.results.map(
          ({ uri, data, format }) =>
            `<Item><Source><LocURI>${escapeXml(uri)}</LocURI></Source>` +
            (format ? `<Meta><Format xmlns="syncml:metinf">${format}</Format></Meta>` : "") +
            `${data === undefined ? "" : `<Data>${escapeXml(data)}</Data>`}</Item>`,
        );
        results.push(
          `<Results><CmdID>${next++}</CmdID><MsgRef>${answer.msgId}</MsgRef><CmdRef>${command.cmdId}</CmdRef>${items.join("")}</Results>`,
        );
      }
    };
    for (const command of answer.commands) say(command, handler(command));
    return this.post(`${parts.join("")}${results.join("")}<Final/>`);
  }

  /** Sends a body of commands as the next message of the session. */
  async post(body: string): Promise<RawAnswer> {
    this.#messageId += 1;
    this.lastSent = this.envelope(body);
    const response = await this.send(this.lastSent);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = () => new TextDecoder().decode(bytes);
    if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${text()}`);
    const type = response.headers.get("content-type")?.split(";")[0];
    if (type !== this.#contentType) throw new Error(`the answer is ${type}`);
    const answer = parseAnswer(this.options.encoding === "wbxml" ? xmlOf(bytes) : text());
    this.answers.push(answer);
    this.transcript.push(...answer.commands);
    for (const status of answer.statuses) {
      if (status.code === 212 && status.nextNonce) this.#nonce = status.nextNonce;
    }
    return answer;
  }

  /** Sends text in the device's encoding, and bytes as they are. */
  send(body: string | Uint8Array): Promise<Response> {
    const { fetch: send = fetch, encoding } = this.options;
    return send(this.options.url, {
      method: "POST",
      headers: { "content-type": this.#contentType },
      body: encoding === "wbxml" && typeof body === "string" ? wbxmlOf(body) : body,
    });
  }

  get #contentType(): string {
    return `application/vnd.syncml.dm+${this.options.encoding ?? "xml"}`;
  }

  envelope(body: string): string {
    const { deviceId, user } = this.options;
    return (
      `<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD>` +
      `<VerProto>DM/1.2</VerProto><SessionID>${this.#sessionId}</SessionID><MsgID>${this.#messageId}</MsgID>` +
      `<Target><LocURI>${escapeXml(this.options.url)}</LocURI></Target>` +
      `<Source><LocURI>${escapeXml(deviceId)}</LocURI><LocName>${escapeXml(user)}</LocName></Source>` +
      `${this.#credential()}</SyncHdr><SyncBody>${body}</SyncBody></SyncML>`
    );
  }

  #credential(): string {
    if (this.options.showsOnce && this.#messageId > 1) return "";
    const { user, password, auth = "basic" } = this.options;
    const data =
      auth === "basic"
        ? Buffer.from(`${user}:${password}`).toString("base64")
        : md5(
            Buffer.concat([
              Buffer.from(`${md5(Buffer.from(`${user}:${password}`))}:`),
              Buffer.from(this.#nonce, "base64"),
            ]),
          );
    return (
      `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format>` +
      `<Type xmlns="syncml:metinf">syncml:auth-${auth}</Type></Meta><Data>${data}</Data></Cred>`
    );
  }
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("base64");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

type Node = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
});

/** Reads an answer of the gateway. */
export function parseAnswer(xml: string): RawAnswer {
  const root = PARSER.parse(xml) as Node[];
  const syncml = childrenOf(root, "SyncML");
  const header = childrenOf(syncml, "SyncHdr");
  const body = childrenOf(syncml, "SyncBody");
  const commands: RawCommand[] = [];
  const statuses: RawStatus[] = [];
  let final = false;
  for (const node of body) {
    const name = nameOf(node);
    if (name === "Final") final = true;
    else if (name === "Status") statuses.push(readStatus(node[name] as Node[]));
    else if (name !== "#text") commands.push(readCommand(name, node[name] as Node[]));
  }
  return { msgId: Number(textOf(header, "MsgID")), statuses, commands, final, xml };
}

function readStatus(nodes: Node[]): RawStatus {
  const meta = childrenOf(childrenOf(nodes, "Chal"), "Meta");
  return {
    cmd: textOf(nodes, "Cmd"),
    msgRef: textOf(nodes, "MsgRef"),
    cmdRef: textOf(nodes, "CmdRef"),
    code: Number(textOf(nodes, "Data")),
    nextNonce: textOf(meta, "NextNonce") || undefined,
  };
}

function readCommand(name: string, nodes: Node[]): RawCommand {
  const items = nodes
    .filter((node) => nameOf(node) === "Item")
    .map((node) => {
      const item = node.Item as Node[];
      const meta = childrenOf(item, "Meta");
      return {
        uri: textOf(childrenOf(item, "Target"), "LocURI"),
        data: has(item, "Data") ? textOf(item, "Data") : undefined,
        format: textOf(meta, "Format") || undefined,
      };
    });
  const children = nodes
    .filter((node) => ["Add", "Replace", "Delete", "Exec", "Get", "Atomic"].includes(nameOf(node)))
    .map((node) => readCommand(nameOf(node), node[nameOf(node)] as Node[]));
  return { name, cmdId: textOf(nodes, "CmdID"), items, children };
}

function nameOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ":@") ?? "";
}

function has(nodes: readonly Node[], name: string): boolean {
  return nodes.some((node) => nameOf(node) === name);
}

function childrenOf(nodes: readonly Node[], name: string): Node[] {
  return (nodes.find((node) => nameOf(node) === name)?.[name] as Node[] | undefined) ?? [];
}

function textOf(nodes: readonly Node[], name: string): string {
  const texts = childrenOf(nodes, name);
  return texts.map((node) => String(node["#text"] ?? "")).join("");
}
