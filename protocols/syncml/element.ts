/**
 * The element tree: what XML and WBXML both decode to and are both printed from.
 *
 * SyncML has no mixed content, so an element has its character data as one `text` and its child
 * elements as a list; an element with both is only whitespace-formatted XML.
 */
export interface Element {
  /** The local name, without a prefix. */
  readonly name: string;
  /** The namespace URI; empty when the document names none. */
  readonly namespace: string;
  readonly attributes: readonly Attribute[];
  readonly children: readonly Element[];
  /** All character data directly inside, CDATA included, entities resolved, nothing trimmed. */
  readonly text: string;
}

export interface Attribute {
  readonly name: string;
  readonly value: string;
}

export const SYNCML_NAMESPACE = "SYNCML:SYNCML1.2";
export const METINF_NAMESPACE = "syncml:metinf";
/** Of descriptions of device trees: TNDS and DDF. */
export const DDF_NAMESPACE = "syncml:dmddf1.2";

export const NO_ATTRIBUTES: readonly Attribute[] = [];
export const NO_CHILDREN: readonly Element[] = [];

/** An element with text only. */
export function leaf(name: string, text: string, namespace: string = SYNCML_NAMESPACE): Element {
  return { name, namespace, attributes: NO_ATTRIBUTES, children: NO_CHILDREN, text };
}

/** An element with child elements only. */
export function branch(
  name: string,
  children: readonly Element[],
  namespace: string = SYNCML_NAMESPACE,
): Element {
  return { name, namespace, attributes: NO_ATTRIBUTES, children, text: "" };
}
