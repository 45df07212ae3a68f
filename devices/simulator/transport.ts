import {
  MAC_HEADER,
  type MacKey,
  macHeader,
  type ReceivedMac,
  receivedMac,
} from "../../protocols/oma-dm/message-mac.ts";
import { decodeMessage } from "../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../protocols/syncml/encode-message.ts";
import { parseDocument } from "../../protocols/syncml/encoding.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import { printWbxml } from "../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import type { Fetch } from "./fetch-content.ts";
import type { Profile } from "./profiles.ts";
import { weakenElement, weakenMessage, weakenXml } from "./weaken.ts";
import { weakenWbxml } from "./weaken-wbxml.ts";

/** What became of one message: the server's answer, or why there is none. */
export type Exchanged =
  | {
      readonly kind: "answered";
      readonly message: Message;
      readonly bytes: number;
      /** The MAC that came beside it. */
      readonly mac: ReceivedMac | undefined;
    }
  | { readonly kind: "refused"; readonly httpStatus: number }
  | { readonly kind: "unreachable" };

/**
 * Sends a message as a client of this profile would write it, and reads the answer.
 *
 * @param mac what the message is signed with; undefined: it goes without a MAC
 */
export async function exchange(
  fetch: Fetch,
  url: string,
  message: Message,
  profile: Profile,
  mac?: MacKey,
): Promise<Exchanged> {
  const sent = encode(message, profile);
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": contentTypeOf(profile),
        ...(mac && { [MAC_HEADER]: macHeader(mac, sent) }),
      },
      body: Uint8Array.from(sent),
    });
    body = new Uint8Array(await response.arrayBuffer());
  } catch {
    return { kind: "unreachable" }; // The device tries again at its next poll, as real ones do.
  }
  if (response.status !== 200) return { kind: "refused", httpStatus: response.status };
  // A real client would not understand another encoding than its own.
  const root = parseDocument(body, profile.encoding);
  const answered = receivedMac(response.headers.get(MAC_HEADER), body);
  return { kind: "answered", message: decodeMessage(root), bytes: body.length, mac: answered };
}

/** The bytes of a message as this client sends it. */
export function bytesOf(message: Message, profile: Profile): number {
  return encode(message, profile).length;
}

function encode(message: Message, { encoding, quirks }: Profile): Uint8Array {
  const element = weakenElement(encodeMessage(weakenMessage(message, quirks)), quirks);
  return encoding === "wbxml"
    ? weakenWbxml(printWbxml(element), quirks)
    : Buffer.from(weakenXml(printXml(element), quirks));
}

function contentTypeOf({ encoding, plainContentType }: Profile): string {
  return `application/vnd.syncml${plainContentType ? "" : ".dm"}+${encoding}`;
}
