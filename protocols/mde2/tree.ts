import { type Attribute, type Element, NO_ATTRIBUTES, NO_CHILDREN } from "../syncml/element.ts";
import { broken } from "./rules.ts";

/**
 * Reading and building the element trees of enrolment. What a client sends is found by local names
 * below a root whose namespace was checked: clients differ in prefixes and in trailing slashes.
 */

/** The first child of this name, in this namespace when one is given. */
export function childOf(parent: Element, name: string, namespace?: string): Element | undefined {
  return parent.children.find(
    (child) =>
      child.name === name && (namespace === undefined || sameNamespace(child.namespace, namespace)),
  );
}

/** @throws ProtocolError `mde2-value` when there is none */
export function needChild(parent: Element, name: string): Element {
  const child = childOf(parent, name);
  if (child === undefined) throw broken("mde2-value", `<${parent.name}> has no <${name}>`);
  return child;
}

/** The trimmed text of a child; empty when there is none. */
export function textOf(parent: Element, name: string): string {
  return childOf(parent, name)?.text.trim() ?? "";
}

export function attributeOf(element: Element, name: string): string | undefined {
  return element.attributes.find((attribute) => attribute.name === name)?.value;
}

/** A client writes the namespace of Discover with a slash behind it. */
export function sameNamespace(a: string, b: string): boolean {
  return a.replace(/\/$/, "") === b;
}

/** Bytes out of base64 text, which may be broken into lines. @throws ProtocolError `mde2-value` */
export function bytesOf(base64: string, what: string): Uint8Array {
  const text = base64.replaceAll(/\s+/g, "");
  if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw broken("mde2-value", `${what} is not base64`);
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}

type Attributes = Readonly<Record<string, string>>;

/**
 * An element for printing. Names may carry a prefix: then `namespace` is that of the element above, and
 * the prefix is declared there by an `xmlns:…` attribute, as Windows does it and expects it.
 */
export function element(
  name: string,
  namespace: string,
  content: readonly Element[] | string = [],
  attributes: Attributes = {},
): Element {
  return {
    name,
    namespace,
    attributes: attributesFrom(attributes),
    children: typeof content === "string" ? NO_CHILDREN : content,
    text: typeof content === "string" ? content : "",
  };
}

function attributesFrom(attributes: Attributes): readonly Attribute[] {
  const entries = Object.entries(attributes);
  return entries.length === 0 ? NO_ATTRIBUTES : entries.map(([name, value]) => ({ name, value }));
}
