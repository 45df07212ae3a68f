import type { Attribute, Element } from "./element.ts";
import { MASK, maskPiece, maskText, SECRET_NODES } from "./secret-text.ts";

/**
 * The tree without what would let its reader act for the device or the server: credentials, nonces,
 * secrets of accounts, tokens, and the signatures of download links. The same tree otherwise, so that it
 * can be shown, kept or sent to somebody who helps.
 */
export function maskSecrets(element: Element): Element {
  return maskMessage(element, undefined).masked;
}

/** An object that goes on in the next message of its sender. */
export interface OpenObject {
  readonly isSecret: boolean;
  /** The end of what was sent of it. */
  readonly tail: string;
}

/** What holds where nobody saw the message before: whatever it sends next may be the rest of a secret. */
export const UNKNOWN_OBJECT: OpenObject = { isSecret: true, tail: "" };

/** A secret that a cut goes through is at most so long, with what shows that it is one. */
const TAIL_CHARACTERS = 2_000;

/**
 * The same for one message of several: a secret may be cut in two where a large object goes on.
 *
 * @param open what the message before, of the same sender, returned
 */
export function maskMessage(
  root: Element,
  open: OpenObject | undefined,
): { readonly masked: Element; readonly open: OpenObject | undefined } {
  const masker = new Masker(open);
  return { masked: masker.mask(root, AROUND_ROOT), open: masker.open };
}

interface Around {
  readonly inCredential: boolean;
  /** What the command around says is about a secret: what its items hold is one. */
  readonly isAboutSecret: boolean;
  /** An Item about a secret: its Data is one. */
  readonly inSecretItem: boolean;
  readonly inStatus: boolean;
}

const AROUND_ROOT: Around = {
  inCredential: false,
  isAboutSecret: false,
  inSecretItem: false,
  inStatus: false,
};

class Masker {
  open: OpenObject | undefined;
  /** It is so for all of the message: which of its items goes on nobody can tell. */
  readonly #isUnknown: boolean;

  constructor(open: OpenObject | undefined) {
    this.open = open;
    this.#isUnknown = open === UNKNOWN_OBJECT;
  }

  /** The very same element where nothing in it is secret. */
  mask(element: Element, around: Around): Element {
    const { name } = element;
    if (name === "NextNonce" || (around.inCredential && name === "Data")) return hidden(element);
    if (around.inSecretItem && (name === "Data" || name === "Value")) return hidden(element);
    if (name === "Item") return this.#item(element, around);
    if (SECRET_NODES.has(name.toLowerCase())) return hidden(element);
    const isAbout = around.isAboutSecret || isAboutSecret(element);
    const inside: Around = {
      inCredential: around.inCredential || name === "Cred",
      isAboutSecret: isAbout,
      inSecretItem: around.inSecretItem || (isAbout && name === "Node"),
      inStatus: around.inStatus || name === "Status",
    };
    return withChanges(withoutSecretAttributes(element), shownText(element.text), (child) =>
      this.mask(child, inside),
    );
  }

  /** The answer to a command has items as well, which are no part of any object. */
  #item(item: Element, around: Around): Element {
    const goesOn = item.children.some(({ name }) => name === "MoreData");
    const open = around.inStatus ? undefined : this.open;
    const isPiece = !around.inStatus && (goesOn || open !== undefined);
    const isSecret =
      around.inSecretItem ||
      around.isAboutSecret ||
      isAboutSecret(item) ||
      (this.#isUnknown && !around.inStatus) ||
      // The pieces after the first need not say what they are pieces of.
      (open?.isSecret === true && !namesNode(item));
    const inside = isSecret ? { ...around, inSecretItem: true } : around;
    if (!isPiece || isSecret) {
      if (isPiece) this.open = goesOn ? { isSecret, tail: "" } : undefined;
      return withChanges(item, item.text, (child) => this.mask(child, inside));
    }
    return withChanges(item, item.text, (child) =>
      child.name === "Data" && child.children.length === 0
        ? this.#piece(child, goesOn)
        : this.mask(child, inside),
    );
  }

  #piece(data: Element, goesOn: boolean): Element {
    const tail = this.open?.tail ?? "";
    const text = maskPiece(data.text, tail);
    this.open = goesOn
      ? { isSecret: false, tail: (tail + data.text).slice(-TAIL_CHARACTERS) }
      : undefined;
    return text === data.text ? data : { ...data, text };
  }
}

/** Text that is shorter holds nothing like `?sig=1`. */
const SHORTEST_SECRET = 6;

function shownText(text: string): string {
  return text.length < SHORTEST_SECRET ? text : maskText(text);
}

function hidden(element: Element): Element {
  const isEmpty = element.text === "" && element.children.length === 0;
  if (isEmpty) return element;
  return { ...element, children: [], text: element.text === "" ? "" : MASK };
}

/** `<parm name="…" value="…"/>` and the like. */
function withoutSecretAttributes(element: Element): Element {
  const { attributes } = element;
  if (attributes.length === 0) return element;
  const isSecret = attributes.some(
    ({ name, value }) => name === "name" && SECRET_NODES.has(value.trim().toLowerCase()),
  );
  const masked = attributes.map((one): Attribute => {
    const { name, value } = one;
    const isHidden = SECRET_NODES.has(name.toLowerCase()) || (isSecret && name === "value");
    const shown = isHidden && value !== "" ? MASK : shownText(value);
    return shown === value ? one : { name, value: shown };
  });
  return masked.some((one, index) => one !== attributes[index])
    ? { ...element, attributes: masked }
    : element;
}

function withChanges(element: Element, text: string, change: (child: Element) => Element): Element {
  const { children } = element;
  let changed: Element[] | undefined;
  for (let index = 0; index < children.length; index++) {
    const child = children[index] as Element;
    const next = change(child);
    if (next === child) continue;
    changed ??= [...children];
    changed[index] = next;
  }
  if (changed === undefined && text === element.text) return element;
  return { ...element, text, children: changed ?? children };
}

/** What an alert tells, by its Type. */
const SECRET_TYPE = /UserToken|AADToken|AccessToken/i;

function isAboutSecret({ children }: Element): boolean {
  for (const child of children) {
    switch (child.name) {
      case "Meta":
        if (child.children.some(isSecretType)) return true;
        break;
      case "Type":
        if (isSecretType(child)) return true;
        break;
      case "NodeName":
        if (SECRET_NODES.has(child.text.trim().toLowerCase())) return true;
        break;
      case "Target":
      case "Source":
        if (isSecretUri(uriOf(child))) return true;
        break;
      case "TargetRef":
      case "SourceRef":
        if (isSecretUri(child.text.trim())) return true;
        break;
    }
  }
  return false;
}

function namesNode({ children }: Element): boolean {
  return children.some(
    (child) => (child.name === "Target" || child.name === "Source") && uriOf(child) !== "",
  );
}

function uriOf({ children }: Element): string {
  return children.find(({ name }) => name === "LocURI")?.text.trim() ?? "";
}

function isSecretUri(uri: string): boolean {
  const query = uri.indexOf("?");
  let end = query < 0 ? uri.length : query;
  while (uri[end - 1] === "/") end -= 1;
  const path = uri.slice(0, end);
  return SECRET_NODES.has(path.slice(path.lastIndexOf("/") + 1).toLowerCase());
}

function isSecretType({ name, text }: Element): boolean {
  return name === "Type" && SECRET_TYPE.test(text);
}
