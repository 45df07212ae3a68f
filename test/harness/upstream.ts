import { XMLParser } from "fast-xml-parser";
import { wbxmlOf, xmlOf } from "./raw-wbxml.ts";

/**
 * An upstream server played by the test: XML written by hand, answers read by another parser than ours.
 */
export interface UpstreamOptions {
  /** `http://…/csp/{device}` */
  readonly url: string;
  readonly token?: string | undefined;
  /** What is written as XML travels in this encoding, and so does the answer; default XML. */
  readonly encoding?: "xml" | "wbxml";
  /** Instead of the network. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

export interface TreeStatus {
  readonly cmd: string;
  readonly msgRef: string;
  readonly cmdRef: string;
  readonly targetRef: string | undefined;
  readonly code: number;
}

export interface TreeItem {
  readonly uri: string;
  readonly format: string | undefined;
  readonly data: string | undefined;
}

export interface TreeResults {
  readonly msgRef: string;
  readonly cmdRef: string;
  readonly items: readonly TreeItem[];
}

export interface TreeAnswer {
  readonly hasHeader: boolean;
  readonly statuses: readonly TreeStatus[];
  readonly results: readonly TreeResults[];
  readonly xml: string;
}

export class Upstream {
  readonly options: UpstreamOptions;

  constructor(options: UpstreamOptions) {
    this.options = options;
  }

  /** Posts a document and reads the answer; throws when it is not 200. */
  async post(xml: string): Promise<TreeAnswer> {
    const response = await this.send(xml);
    if (response.status !== 200) {
      throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isBinary = this.options.encoding === "wbxml";
    return readAnswer(isBinary ? xmlOf(bytes) : new TextDecoder().decode(bytes));
  }

  send(body: string | Uint8Array, contentType?: string): Promise<Response> {
    const { url, token, encoding = "xml", fetch: send = fetch } = this.options;
    const isWritten = encoding === "wbxml" && typeof body === "string";
    return send(url, {
      method: "POST",
      headers: {
        "content-type": contentType ?? `application/vnd.syncml.dm+${encoding}`,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: isWritten ? wbxmlOf(body) : body,
    });
  }

  /** One command on one node; its status. */
  async code(name: string, uri: string, data?: string, format?: string): Promise<number> {
    const { statuses } = await this.post(command(name, uri, data, format));
    if (statuses.length !== 1) throw new Error(`${statuses.length} statuses for one item`);
    return statuses[0]?.code ?? 0;
  }

  /** What a Get reads: the only item's data, or its status when that is not 200. */
  async get(uri: string): Promise<string | number> {
    const answer = await this.post(command("Get", uri));
    const code = answer.statuses[0]?.code ?? 0;
    const [results] = answer.results;
    return code === 200 ? (results?.items[0]?.data ?? "") : code;
  }
}

/** One command with one item. */
export function command(
  name: string,
  uri: string,
  data?: string,
  format?: string,
  cmdId = "7",
): string {
  const meta = format ? `<Meta><Format xmlns="syncml:metinf">${format}</Format></Meta>` : "";
  const value = data === undefined ? "" : `<Data>${escapeXml(data)}</Data>`;
  return (
    `<${name}><CmdID>${cmdId}</CmdID><Item><Target><LocURI>${escapeXml(uri)}</LocURI></Target>` +
    `${meta}${value}</Item></${name}>`
  );
}

export function atomic(...members: readonly string[]): string {
  return `<Atomic><CmdID>1</CmdID>${members.join("")}</Atomic>`;
}

/** A whole message around commands. */
export function message(body: string): string {
  return (
    `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>` +
    `<SessionID>9</SessionID><MsgID>4</MsgID><Target><LocURI>urn:device</LocURI></Target>` +
    `<Source><LocURI>https://mdm.example</LocURI></Source></SyncHdr>` +
    `<SyncBody>${body}<Final/></SyncBody></SyncML>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

type Node = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
});

function readAnswer(xml: string): TreeAnswer {
  const syncml = childrenOf(PARSER.parse(xml) as Node[], "SyncML");
  const body = childrenOf(syncml, "SyncBody");
  const of = (name: string) =>
    body.filter((node) => name in node).map((node) => node[name] as Node[]);
  return {
    hasHeader: syncml.some((node) => "SyncHdr" in node),
    statuses: of("Status").map((status) => ({
      cmd: textOf(status, "Cmd") ?? "",
      msgRef: textOf(status, "MsgRef") ?? "",
      cmdRef: textOf(status, "CmdRef") ?? "",
      targetRef: textOf(status, "TargetRef"),
      code: Number(textOf(status, "Data")),
    })),
    results: of("Results").map((results) => ({
      msgRef: textOf(results, "MsgRef") ?? "",
      cmdRef: textOf(results, "CmdRef") ?? "",
      items: results
        .filter((node) => "Item" in node)
        .map((node) => node.Item as Node[])
        .map((item) => ({
          uri: textOf(childrenOf(item, "Source"), "LocURI") ?? "",
          format: textOf(childrenOf(item, "Meta"), "Format"),
          data: textOf(item, "Data"),
        })),
    })),
    xml,
  };
}

function childrenOf(nodes: readonly Node[], name: string): Node[] {
  const found = nodes.find((node) => name in node);
  return (found?.[name] as Node[] | undefined) ?? [];
}

/** The text of a child: empty when it has none, undefined when there is no such child. */
function textOf(nodes: readonly Node[], name: string): string | undefined {
  const found = nodes.find((node) => name in node);
  if (found === undefined) return undefined;
  return (found[name] as Node[]).map((node) => String(node["#text"] ?? "")).join("");
}
