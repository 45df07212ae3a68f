import type { z } from "zod";
import { signerFor } from "../crypto/keys.ts";
import {
  type HELLO_MESSAGE,
  type HelloRequest,
  PROTOCOL_VERSION,
  signedBytes,
} from "../messages/messages.ts";
import type { Succession } from "../messages/succession.ts";
import type { LinkPosition, SiteKeys } from "../ports/site-link-store.ts";

/**
 * A site's hello, signed over the hub's challenge. [PROTOCOL 2.3]
 *
 * @param isRestored the database was restored since the last adoption
 * @param signer the keys that sign, and how they followed from earlier ones
 */
export function helloBody(
  who: Pick<HelloRequest, "site" | "challenge" | "instance" | "timeMs">,
  position: LinkPosition,
  isRestored: boolean,
  signer: HelloSigner,
): z.input<typeof HELLO_MESSAGE> {
  const hello: HelloRequest = {
    version: PROTOCOL_VERSION,
    ...who,
    incarnation: position.incarnation,
    frameSeq: position.frameSeq,
    acknowledgedFrame: position.acknowledgedFrame,
    mustAdopt: position.mustAdopt || isRestored,
  };
  const payload = JSON.stringify(hello);
  const signature = signerFor(signer.keys.signingPrivate)(signedBytes("hello", payload));
  return {
    payload,
    signature: Buffer.from(signature).toString("base64"),
    successions: [...signer.successions],
  };
}

export interface HelloSigner {
  readonly keys: SiteKeys;
  readonly successions: readonly Succession[];
}
