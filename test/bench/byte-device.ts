/**
 * A device that costs its process next to nothing: what it sends is text made beforehand with a few
 * holes, and of what it hears it looks only for the commands it has to answer.
 */

/** Becomes the session's number, eight digits. */
export const SESSION_HOLE = "########";

export interface ByteDeviceOptions {
  readonly path: string;
  readonly contentType: string;
  /** Bodies that open a session, one after the other: one, or two where the first is challenged. */
  readonly openings: readonly string[];
  /** A message up to and with `<SyncBody>`, with two holes. */
  readonly head: string;
}

/** Becomes the number of a message. */
export const MESSAGE_HOLE = "@@@@";

/** What the device says when it is asked. */
export interface Knowledge {
  /** The value of a download's Status; null: there is no such node. */
  readonly downloadStatus: string | null;
  /** The Results of the inventory, as XML between `<Results>…` and `</Results>`. */
  readonly inventoryItems: string;
}

const COMMAND = /<(Get|Atomic|Add|Replace|Exec|Delete)><CmdID>(\d+)<\/CmdID>/g;

export class ByteDevice {
  readonly #options: ByteDeviceOptions;
  readonly #port: number;
  readonly #head: readonly string[];

  constructor(options: ByteDeviceOptions, port: number) {
    this.#options = options;
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
    const messageRef = between(answer, "<MsgID>", "<", 0);
    let cmdId = 1;
    let said = status(cmdId++, messageRef, "0", "SyncHdr", 200);
    let results = "";
    let asked = false;
    COMMAND.lastIndex = 0;
    for (let found = COMMAND.exec(answer); found; found = COMMAND.exec(answer)) {
      const [, name = "", commandRef = ""] = found;
      asked = true;
      const uri = name === "Get" ? between(answer, "<LocURI>", "<", COMMAND.lastIndex) : "";
      const items = name === "Get" ? itemsFor(uri, knows) : "";
      said += status(cmdId++, messageRef, commandRef, name, items === undefined ? 404 : 200);
      if (items) {
        results += `<Results><CmdID>${cmdId++}</CmdID><MsgRef>${messageRef}</MsgRef><CmdRef>${commandRef}</CmdRef>${items}</Results>`;
      }
    }
    if (!asked) return undefined;
    const [first = "", second = "", rest = ""] = this.#head;
    return this.#post(
      `${first}${session}${second}${messageId}${rest}${said}${results}<Final/></SyncBody></SyncML>`,
    );
  }

  #post(body: string): Buffer {
    const { path, contentType } = this.#options;
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      "latin1",
    );
  }
}

function status(id: number, messageRef: string, commandRef: string, name: string, code: number) {
  return `<Status><CmdID>${id}</CmdID><MsgRef>${messageRef}</MsgRef><CmdRef>${commandRef}</CmdRef><Cmd>${name}</Cmd><Data>${code}</Data></Status>`;
}

/** Undefined for a node that the device does not have. */
function itemsFor(uri: string, knows: Knowledge): string | undefined {
  if (uri.includes("/Inventory")) return knows.inventoryItems;
  if (uri.includes("/Download/")) {
    if (knows.downloadStatus === null) return undefined;
    if (uri.endsWith("/Status")) return item(uri, knows.downloadStatus);
    return uri.endsWith("/LastError") ? item(uri, "0") : item(uri, "");
  }
  if (uri.endsWith("/Status")) return item(uri, "0"); // Of the enterprise: enrolled and enabled.
  if (uri.endsWith("/SwV")) return item(uri, "10.0.15254.603");
  return uri.endsWith("/OSPlatform") ? item(uri, "Windows 10 Mobile") : undefined;
}

export function item(uri: string, data: string): string {
  return `<Item><Source><LocURI>${uri}</LocURI></Source><Data>${data}</Data></Item>`;
}

function between(text: string, start: string, end: string, from: number): string {
  const at = text.indexOf(start, from) + start.length;
  return text.slice(at, text.indexOf(end, at));
}
