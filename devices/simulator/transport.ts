import { decodeMessage } from "../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../protocols/syncml/encode-message.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import type { Fetch } from "./fetch-content.ts";
import type { Profile } from "./profiles.ts";
import { weakenElement, weakenMessage, weakenXml } from "./weaken.ts";

/** What became of one message: the server's answer, or why there is none. */
export type Exchanged =
  | { readonly kind: "answered"; readonly message: Message; readonly bytes: number }
  | { readonly kind: "refused"; readonly httpStatus: number }
  | { readonly kind: "unreachable" };

/** Sends a message as a client of this profile would write it, and reads the answer. */
export async function exchange(
  fetch: Fetch,
  url: string,
  message: Message,
  profile: Profile,
): Promise<Exchanged> {
  let response: Response;
  let body: Uint8Array;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": contentTypeOf(profile) },
      body: encode(message, profile),
    });
    body = new Uint8Array(await response.arrayBuffer());
  } catch {
    return { kind: "unreachable" }; // The device tries again at its next poll, as real ones do.
  }
  if (response.status !== 200) return { kind: "refused", httpStatus: response.status };
  return { kind: "answered", message: decodeMessage(parseXml(body)), bytes: body.length };
}

function encode(message: Message, { quirks }: Profile): string {
  const element = weakenElement(encodeMessage(weakenMessage(message, quirks)), quirks);
  return weakenXml(printXml(element), quirks);
}

function contentTypeOf({ plainContentType }: Profile): string {
  return `application/vnd.syncml${plainContentType ? "" : ".dm"}+xml`;
}
