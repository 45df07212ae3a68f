/**
 * A device that costs its process next to nothing: what it sends is text made beforehand with a few
 * holes, and of what it hears it looks only for the commands it has to answer. Text stands for bytes.
 */
import type { Encoding } from "../../protocols/syncml/encoding.ts";
import { DIALECTS, type Dialect } from "./dialect.ts";

/** Becomes the session's number, eight digits. */
export const SESSION_HOLE = "########";

export interface ByteDeviceOptions {
  readonly path: string;
  readonly encoding: Encoding;
  /** Bodies that open a session, one after the other: one, or two where the first is challenged. */
  readonly openings: readonly string[];
  /** A message up to and with the start of SyncBody, with two holes. */
  readonly head: string;
}

/** Becomes the number of a message. */
export const MESSAGE_HOLE = "@@@@";

/** What the device says when it is asked. */
export interface Knowledge {
  /** The value of a download's Status; null: there is no such node. */
  readonly downloadStatus: string | null;
  /** The Items of the Results for the inventory. */
  readonly inventoryItems: Readonly<Record<Encoding, string>>;
}

export class ByteDevice {
  readonly #options: ByteDeviceOptions;
  readonly #dialect: Dialect;
  readonly #port: number;
  readonly #head: readonly string[];

  constructor(options: ByteDeviceOptions, port: number) {
    this.#options = options;
    this.#dialect = DIALECTS[options.encoding];
    this.#port = port;
    this.#head = options.head.split(new RegExp(`${SESSION_HOLE}|${MESSAGE_HOLE}`));
  }

  get openings(): number {
    return this.#options.openings.length;
  }

  opening(index: number, session: string): Buffer {
    return this.#post(this.#options.openings[index]?.replace(SESSION_HOLE, session) ?? "");
  }

  /** The next message, or undefined when the server asked nothing and the session is over. */
  reply(answer: string, session: string, messageId: number, knows: Knowledge): Buffer | undefined {
    const dialect = this.#dialect;
    const messageRef = dialect.textAfter(answer, "MsgID", 0);
    let cmdId = 1;
    let said = dialect.status(cmdId++, messageRef, "0", "SyncHdr", 200);
    let results = "";
    let asked = false;
    for (const { name, cmdId: ref, end } of dialect.commands(answer)) {
      asked = true;
      const uri = name === "Get" ? dialect.textAfter(answer, "LocURI", end) : "";
      const items = name === "Get" ? this.#itemsFor(uri, knows) : "";
      said += dialect.status(cmdId++, messageRef, ref, name, items === undefined ? 404 : 200);
      if (items) results += dialect.results(cmdId++, messageRef, ref, items);
    }
    if (!asked) return undefined;
    const [first = "", second = "", rest = ""] = this.#head;
    return this.#post(
      `${first}${session}${second}${messageId}${rest}${said}${results}${dialect.end}`,
    );
  }

  #post(body: string): Buffer {
    const { path } = this.#options;
    const { contentType } = this.#dialect;
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      "latin1",
    );
  }

  /** Undefined for a node that the device does not have. */
  #itemsFor(uri: string, knows: Knowledge): string | undefined {
    const { item } = this.#dialect;
    if (uri.includes("/Inventory")) return knows.inventoryItems[this.#options.encoding];
    if (uri.includes("/Download/")) {
      if (knows.downloadStatus === null) return undefined;
      if (uri.endsWith("/Status")) return item(uri, knows.downloadStatus);
      return uri.endsWith("/LastError") ? item(uri, "0") : item(uri, "");
    }
    if (uri.endsWith("/Status")) return item(uri, "0"); // Of the enterprise: enrolled and enabled.
    if (uri.endsWith("/SwV")) return item(uri, "10.0.15254.603");
    return uri.endsWith("/OSPlatform") ? item(uri, "Windows 10 Mobile") : undefined;
  }
}
