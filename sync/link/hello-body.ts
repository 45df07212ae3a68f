import { type HelloRequest, PROTOCOL_VERSION, signedBytes } from "../messages/messages.ts";
import type { LinkPosition } from "../ports/site-link-store.ts";

/**
 * A site's hello, signed over the hub's challenge. [PROTOCOL 2.3]
 *
 * @param isRestored the database was restored since the last adoption
 */
export function helloBody(
  who: Pick<HelloRequest, "site" | "challenge" | "instance" | "timeMs">,
  position: LinkPosition,
  isRestored: boolean,
  sign: (bytes: Uint8Array) => Uint8Array,
): { readonly payload: string; readonly signature: string } {
  const hello: HelloRequest = {
    version: PROTOCOL_VERSION,
    ...who,
    incarnation: position.incarnation,
    frameSeq: position.frameSeq,
    acknowledgedFrame: position.acknowledgedFrame,
    mustAdopt: position.mustAdopt || isRestored,
  };
  const payload = JSON.stringify(hello);
  const signature = sign(signedBytes("hello", payload));
  return { payload, signature: Buffer.from(signature).toString("base64") };
}
