import type { Element } from "../syncml/element.ts";
import {
  ACTIONS,
  BASE64_BINARY,
  NS,
  REQUEST_ISSUE,
  REQUEST_RENEW,
  TOKEN_TYPE,
  VALUE_PKCS10,
  VALUES_PKCS7,
} from "./names.ts";
import { broken } from "./rules.ts";
import { type Envelope, needBody } from "./soap.ts";
import { attributeOf, bytesOf, childOf, element, needChild, textOf } from "./tree.ts";

/** Things that a device tells about itself in one request. */
export const CONTEXT_ITEMS_MAX = 128;

/** The third of the three: a certificate, and with it the account. [MS-WSTEP 3.1.4.1] */
export interface TokenRequest {
  readonly kind: "issue" | "renew";
  /** `issue`: a PKCS#10 request; `renew`: one inside a PKCS#7 that the old certificate signed. DER. */
  readonly request: Uint8Array;
  /** AdditionalContext: a name may come several times, as `MAC` does. */
  readonly context: ReadonlyMap<string, readonly string[]>;
}

/** @throws ProtocolError `soap-action`, `soap-body`, `mde2-value`, `mde2-too-many-items` */
export function decodeTokenRequest(envelope: Envelope): TokenRequest {
  const body = needBody(envelope, {
    action: ACTIONS.enrolment.request,
    name: "RequestSecurityToken",
    namespace: NS.trust,
  });
  if (textOf(body, "TokenType") !== TOKEN_TYPE) {
    throw broken("mde2-value", `the TokenType is not ${TOKEN_TYPE}`);
  }
  const kind = kindOf(textOf(body, "RequestType"));
  const token = needChild(body, "BinarySecurityToken");
  const valueType = attributeOf(token, "ValueType");
  const expected = kind === "issue" ? [VALUE_PKCS10] : VALUES_PKCS7;
  if (valueType !== undefined && !expected.includes(valueType)) {
    throw broken("mde2-value", `the ValueType for this RequestType is ${expected[0]}`);
  }
  return {
    kind,
    request: unwrapped(bytesOf(token.text, "the BinarySecurityToken")),
    context: contextOf(childOf(body, "AdditionalContext")),
  };
}

function kindOf(requestType: string): TokenRequest["kind"] {
  if (requestType === REQUEST_ISSUE) return "issue";
  if (requestType === REQUEST_RENEW) return "renew";
  throw broken("mde2-value", `the RequestType is neither ${REQUEST_ISSUE} nor ${REQUEST_RENEW}`);
}

/** A renewal that a person started is base64 inside of base64. DER begins with 30, base64 cannot. */
function unwrapped(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80) return bytes;
  const text = Buffer.from(bytes).toString("latin1");
  return /^[A-Za-z0-9+/=\s]+$/.test(text) ? bytesOf(text, "the BinarySecurityToken") : bytes;
}

function contextOf(list: Element | undefined): ReadonlyMap<string, readonly string[]> {
  const context = new Map<string, string[]>();
  const items = list?.children.filter(({ name }) => name === "ContextItem") ?? [];
  if (items.length > CONTEXT_ITEMS_MAX) {
    throw broken("mde2-too-many-items", `more than ${CONTEXT_ITEMS_MAX} ContextItems`);
  }
  for (const item of items) {
    const name = attributeOf(item, "Name") ?? "";
    const value = textOf(item, "Value");
    if (name === "" || value === "") continue;
    context.set(name, [...(context.get(name) ?? []), value]);
  }
  return context;
}

export function encodeTokenRequest(request: TokenRequest): Element {
  const items = [...request.context].flatMap(([name, values]) =>
    values.map((value) =>
      element("ac:ContextItem", NS.trust, [element("ac:Value", NS.trust, value)], { Name: name }),
    ),
  );
  const [pkcs7 = ""] = VALUES_PKCS7;
  return element("RequestSecurityToken", NS.trust, [
    element("TokenType", NS.trust, TOKEN_TYPE),
    element("RequestType", NS.trust, request.kind === "issue" ? REQUEST_ISSUE : REQUEST_RENEW),
    element("BinarySecurityToken", NS.security, Buffer.from(request.request).toString("base64"), {
      ValueType: request.kind === "issue" ? VALUE_PKCS10 : pkcs7,
      EncodingType: BASE64_BINARY,
    }),
    element("ac:AdditionalContext", NS.trust, items, { "xmlns:ac": NS.authorization }),
  ]);
}
