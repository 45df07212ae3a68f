import type { Element } from "../syncml/element.ts";
import type { DocumentLimits } from "../syncml/limits.ts";
import { parseXml } from "../syncml/parse-xml.ts";
import { printXml } from "../syncml/print-xml.ts";
import { ACTIONS, ANONYMOUS, NS, type Operation } from "./names.ts";
import { broken } from "./rules.ts";
import { childOf, element, sameNamespace, textOf } from "./tree.ts";

/** Bounds on one SOAP message; what Windows sends is a tenth of it, with a TPM's attestation a third. */
export const SOAP_LIMITS: DocumentLimits = {
  bytesMax: 256 * 1024,
  depthMax: 16,
  elementsMax: 2_000,
  attributesMax: 24,
  textMax: 128 * 1024,
};
/** Characters of a MessageID that is repeated in RelatesTo. */
export const MESSAGE_ID_CHARACTERS_MAX = 256;

/** A SOAP 1.2 message with WS-Addressing, taken apart. */
export interface Envelope {
  readonly action: string;
  /** Empty when the sender gave none. */
  readonly messageId: string;
  /** WS-Security; undefined when there is none. */
  readonly security: Element | undefined;
  /** The one element of the body. */
  readonly body: Element;
}

/**
 * Reads an envelope behind the strict XML gate. Header blocks that are not ours are passed over.
 *
 * @throws ProtocolError with a rule of the XML gate, `soap-envelope` or `soap-body`
 */
export function parseEnvelope(document: Uint8Array | string): Envelope {
  const root = parseXml(document, SOAP_LIMITS);
  if (root.name !== "Envelope" || root.namespace !== NS.soap) {
    throw broken("soap-envelope", "the message is not a SOAP 1.2 envelope");
  }
  const header = childOf(root, "Header", NS.soap);
  const body = childOf(root, "Body", NS.soap);
  if (body === undefined) throw broken("soap-envelope", "the envelope has no body");
  const [content, ...more] = body.children;
  if (content === undefined || more.length > 0) {
    throw broken("soap-body", "the body holds no single element");
  }
  const messageId = header === undefined ? "" : textOf(header, "MessageID");
  if (messageId.length > MESSAGE_ID_CHARACTERS_MAX) {
    throw broken(
      "soap-envelope",
      `a MessageID has at most ${MESSAGE_ID_CHARACTERS_MAX} characters`,
    );
  }
  return {
    action: header === undefined ? "" : textOf(header, "Action"),
    messageId,
    security: header && childOf(header, "Security", NS.security),
    body: content,
  };
}

/**
 * The body of a message that must be this one.
 *
 * @throws ProtocolError `soap-action` or `soap-body` when it is another
 */
export function needBody(
  envelope: Envelope,
  wanted: { readonly action: string; readonly name: string; readonly namespace: string },
): Element {
  if (envelope.action !== wanted.action) {
    const said = envelope.action === "" ? "none" : JSON.stringify(envelope.action.slice(0, 200));
    throw broken("soap-action", `the action here is ${wanted.action}; the message says ${said}`);
  }
  const { body } = envelope;
  if (body.name !== wanted.name || !sameNamespace(body.namespace, wanted.namespace)) {
    throw broken("soap-body", `the body is not a ${wanted.name} of ${wanted.namespace}`);
  }
  return body;
}

/** A request as a client sends it. `security` is a `<wsse:Security>` or nothing. */
export function printRequest(
  operation: Operation,
  options: {
    readonly messageId: string;
    readonly to: string;
    readonly security?: Element | undefined;
    readonly body: Element;
  },
): string {
  const header = [
    action(ACTIONS[operation].request),
    element("a:MessageID", "", options.messageId),
    element("a:ReplyTo", "", [element("a:Address", "", ANONYMOUS)]),
    element("a:To", "", options.to, { "s:mustUnderstand": "1" }),
    ...(options.security ? [options.security] : []),
  ];
  return printEnvelope(header, options.body);
}

/** An answer to the request with `relatesTo` as its MessageID. */
export function printAnswer(
  operation: Operation,
  options: {
    readonly relatesTo: string;
    /** A UUID that stands in the log as well. */
    readonly activityId: string;
    readonly security?: Element | undefined;
    readonly body: Element;
  },
): string {
  const { relatesTo, activityId } = options;
  const header = [
    action(ACTIONS[operation].answer),
    element("ActivityId", NS.diagnostics, activityId, { CorrelationId: activityId }),
    ...(relatesTo === "" ? [] : [element("a:RelatesTo", "", relatesTo)]),
    ...(options.security ? [options.security] : []),
  ];
  return printEnvelope(header, options.body);
}

function printEnvelope(header: readonly Element[], body: Element): string {
  return printXml(
    element("s:Envelope", "", [element("s:Header", "", header), element("s:Body", "", [body])], {
      "xmlns:s": NS.soap,
      "xmlns:a": NS.addressing,
      "xmlns:u": NS.utility,
    }),
  );
}

function action(name: string): Element {
  return element("a:Action", "", name, { "s:mustUnderstand": "1" });
}
