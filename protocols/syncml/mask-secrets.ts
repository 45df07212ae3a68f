import type { Element } from "./element.ts";

/** Stands where a secret stood. */
export const MASK = "[masked]";

/**
 * The tree without what would let its reader act for the device or the server: credentials, nonces,
 * secrets of accounts, tokens, and the signatures of download links. The same tree otherwise, so that it
 * can be shown, logged or sent to somebody who helps.
 */
export function maskSecrets(element: Element): Element {
  return mask(element, { inCredential: false, inSecretItem: false });
}

interface Around {
  readonly inCredential: boolean;
  /** An Item about a secret: its Data is one. */
  readonly inSecretItem: boolean;
}

function mask(element: Element, around: Around): Element {
  const { name, text } = element;
  const isSecret =
    name === "NextNonce" ||
    (name === "Data" && (around.inCredential || around.inSecretItem)) ||
    (name === "Value" && around.inSecretItem);
  if (isSecret) return { ...element, children: [], text: text === "" ? "" : MASK };
  const inside = {
    inCredential: around.inCredential || name === "Cred",
    inSecretItem:
      around.inSecretItem || ((name === "Item" || name === "Node") && isAboutSecret(element)),
  };
  return {
    ...element,
    text: text.replace(SIGNATURE, `$1${MASK}`),
    children: element.children.map((child) => mask(child, inside)),
  };
}

/** The signature of a download link, wherever it stands. */
const SIGNATURE = /([?&](?:amp;)?sig=)[^&\s"'<]+/g;

/** Nodes whose values are secrets, by the last part of their URI or by their name in a tree. */
const SECRET_NODES: ReadonlySet<string> = new Set([
  "aauthsecret",
  "aauthdata",
  "enrollmenttoken",
  "password",
  "privatekey",
]);

/** What an alert tells, by its Type. */
const SECRET_TYPE = /UserToken|AADToken|AccessToken/i;

function isAboutSecret({ children }: Element): boolean {
  return children.some((child) => {
    if (child.name === "Meta") return child.children.some(isSecretType);
    if (child.name === "Type") return isSecretType(child);
    if (child.name === "NodeName") return SECRET_NODES.has(child.text.trim().toLowerCase());
    if (child.name !== "Target" && child.name !== "Source") return false;
    const uri = child.children.find(({ name }) => name === "LocURI")?.text.trim() ?? "";
    const [path = ""] = uri.split("?");
    return SECRET_NODES.has(path.split("/").at(-1)?.toLowerCase() ?? "");
  });
}

function isSecretType({ name, text }: Element): boolean {
  return name === "Type" && SECRET_TYPE.test(text);
}
