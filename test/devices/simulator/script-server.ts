import type { Fetch } from "../../../devices/simulator/fetch-content.ts";
import { secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { MAC_HEADER, macHeader, receivedMac } from "../../../protocols/oma-dm/message-mac.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { OwnCredential } from "../../../protocols/oma-dm/own-credentials.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type {
  ServerSession,
  SessionEvent,
  StoredCredential,
} from "../../../protocols/oma-dm/server-state.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { mediaTypeOf, parseDocument, printDocument } from "../../../protocols/syncml/encoding.ts";

export const ACCOUNT = {
  serverUrl: "http://site.test/syncml",
  userName: "till-1",
  password: "a secret of the device",
  server: { userName: "outpost", password: "a secret of the server" },
} as const;

/**
 * A management server without a gateway: the server's session, one credential, and packages of
 * commands that are sent one after the other. Files are answered from `files`.
 */
export class ScriptServer {
  readonly events: SessionEvent[] = [];
  /** Content-Type and body of every message that came; bytes as characters up to U+00FF. */
  readonly received: { readonly contentType: string; readonly body: string }[] = [];
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  packages: (readonly OutgoingCommand[])[] = [];
  #session: ServerSession | undefined;
  #credential: StoredCredential;
  #own: OwnCredential = {
    userName: ACCOUNT.server.userName,
    secretHash: secretHashOf(ACCOUNT.server.userName, ACCOUNT.server.password),
    scheme: null,
    nonce: null,
  };
  #nonces = 0;

  constructor(scheme: StoredCredential["scheme"] = "any") {
    this.#credential = {
      secretHash: secretHashOf(ACCOUNT.userName, ACCOUNT.password),
      previousSecretHash: null,
      scheme,
      nextNonce: null,
    };
  }

  get statuses(): Readonly<Record<string, number>> {
    const told: Record<string, number> = {};
    for (const event of this.events) if (event.kind === "status") told[event.tag] = event.code;
    return told;
  }

  readonly fetch: Fetch = async (url, init) => {
    const file = this.files.get(url);
    if (file !== undefined) return new Response(file, { headers: { etag: '"1"' } });
    if (url !== ACCOUNT.serverUrl) return new Response("", { status: 404 });
    const bytes = await new Response(init.body).bytes();
    const contentType = new Headers(init.headers).get("content-type") ?? "";
    this.received.push({ contentType, body: Buffer.from(bytes).toString("latin1") });
    const type = mediaTypeOf(contentType, bytes);
    if (type === undefined) return new Response("", { status: 415 });
    const received = receive(this.#session, decodeMessage(parseDocument(bytes, type.encoding)), {
      credential: this.#credential,
      own: this.#own,
      mac: receivedMac(new Headers(init.headers).get(MAC_HEADER), bytes),
      freshNonce: Buffer.from(`nonce number ${this.#nonces++}`.padEnd(16)).toString("base64"),
    });
    this.events.push(...received.events);
    for (const event of received.events) {
      if (event.kind === "authenticated" && event.nextNonce !== null) {
        this.#credential = { ...this.#credential, nextNonce: event.nextNonce };
      }
      if (event.kind === "own-accepted") {
        const { scheme, nonce } = event;
        this.#own = { ...this.#own, scheme, nonce: nonce ?? this.#own.nonce };
      }
    }
    const commands = received.turn === "commands" ? (this.packages.shift() ?? []) : [];
    const answered = answer(received.session, commands, { own: this.#own });
    this.#session = answered.session;
    const printed = printDocument(encodeMessage(answered.message), type.encoding);
    const headers = answered.mac ? { [MAC_HEADER]: macHeader(answered.mac, printed) } : undefined;
    return new Response(printed, headers && { headers });
  };
}
