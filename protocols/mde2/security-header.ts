import type { Element } from "../syncml/element.ts";
import { NS, PASSWORD_TEXT } from "./names.ts";
import { broken } from "./rules.ts";
import { childOf, element } from "./tree.ts";

/** Characters of a user name and of a password: longer ones are no people's and no codes. */
export const USER_NAME_CHARACTERS_MAX = 256;
export const PASSWORD_CHARACTERS_MAX = 256;

/** How a client proves who it is in a message of enrolment. */
export type SecurityToken =
  | { readonly kind: "username"; readonly userName: string; readonly password: string }
  /** A federated or a certificate token: not what an OnPremise server asked for. */
  | { readonly kind: "binary" }
  | { readonly kind: "none" };

/** @throws ProtocolError `mde2-security` for a header that cannot be read */
export function readSecurity(security: Element | undefined): SecurityToken {
  if (security === undefined) return { kind: "none" };
  const token = childOf(security, "UsernameToken", NS.security);
  if (token === undefined) {
    const binary = childOf(security, "BinarySecurityToken", NS.security);
    return { kind: binary === undefined ? "none" : "binary" };
  }
  const name = childOf(token, "Username", NS.security)?.text.trim() ?? "";
  const password = childOf(token, "Password", NS.security)?.text.trim() ?? "";
  if (name.length > USER_NAME_CHARACTERS_MAX || password.length > PASSWORD_CHARACTERS_MAX) {
    throw broken(
      "mde2-security",
      `a user name has at most ${USER_NAME_CHARACTERS_MAX} characters, a password ${PASSWORD_CHARACTERS_MAX}`,
    );
  }
  return { kind: "username", userName: name, password };
}

/** The header that a client with a password sends. */
export function usernameSecurity(userName: string, password: string): Element {
  return element(
    "wsse:Security",
    "",
    [
      element("wsse:UsernameToken", "", [
        element("wsse:Username", "", userName),
        element("wsse:Password", "", password, { "wsse:Type": PASSWORD_TEXT }),
      ]),
    ],
    { "xmlns:wsse": NS.security, "s:mustUnderstand": "1" },
  );
}

/** The header of an answer: how long it holds. Times are ISO 8601 in UTC. */
export function timestampSecurity(created: string, expires: string): Element {
  return element(
    "o:Security",
    "",
    [
      element(
        "u:Timestamp",
        "",
        [element("u:Created", "", created), element("u:Expires", "", expires)],
        { "u:Id": "_0" },
      ),
    ],
    { "xmlns:o": NS.security, "s:mustUnderstand": "1" },
  );
}
