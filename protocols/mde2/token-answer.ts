import type { Element } from "../syncml/element.ts";
import { ACTIONS, BASE64_BINARY, NS, TOKEN_TYPE, VALUE_PROVISIONING } from "./names.ts";
import { broken } from "./rules.ts";
import { type Envelope, needBody } from "./soap.ts";
import { attributeOf, bytesOf, element, needChild } from "./tree.ts";

/** The answer to a token request: the provisioning document as one base64 token. [MS-MDE2 3.4.4.1.1.2] */
export function encodeTokenAnswer(provisioningDocument: string): Element {
  return element("RequestSecurityTokenResponseCollection", NS.trust, [
    element("RequestSecurityTokenResponse", NS.trust, [
      element("TokenType", NS.trust, TOKEN_TYPE),
      element("DispositionMessage", NS.enrolment),
      element("RequestedSecurityToken", NS.trust, [
        element(
          "BinarySecurityToken",
          NS.security,
          Buffer.from(provisioningDocument).toString("base64"),
          { ValueType: VALUE_PROVISIONING, EncodingType: BASE64_BINARY },
        ),
      ]),
      element("RequestID", NS.enrolment, "0"),
    ]),
  ]);
}

/** The provisioning document as the client takes it out. @throws ProtocolError as the decoders do */
export function decodeTokenAnswer(envelope: Envelope): Uint8Array {
  const body = needBody(envelope, {
    action: ACTIONS.enrolment.answer,
    name: "RequestSecurityTokenResponseCollection",
    namespace: NS.trust,
  });
  const answer = needChild(body, "RequestSecurityTokenResponse");
  const token = needChild(needChild(answer, "RequestedSecurityToken"), "BinarySecurityToken");
  if (attributeOf(token, "ValueType") !== VALUE_PROVISIONING) {
    throw broken("mde2-value", "the token is no provisioning document");
  }
  return bytesOf(token.text, "the BinarySecurityToken");
}
