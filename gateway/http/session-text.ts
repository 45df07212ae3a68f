import type { RecordedMessage, RecordedSession } from "../../devices/model/recorded-session.ts";
import { statusWords } from "../../devices/sight/reasons.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { MEDIA_TYPES, printDocument } from "../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../protocols/syncml/limits.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";
import { printAnnotated } from "../../protocols/syncml/print-annotated.ts";

/** Text of an element that is longer is shortened, unless somebody wants all of it. */
export const FOLD_OVER_CHARACTERS = 1_000;

/** As XML a message of WBXML takes more room than it took when it travelled. */
const KEPT_LIMITS = { ...DOCUMENT_LIMITS, bytesMax: 16 * DOCUMENT_LIMITS.bytesMax };

/** A message as people read it: indented, with names; an outline where it could not be read. */
export function messageLines(message: RecordedMessage, foldOver?: number): readonly string[] {
  if (message.form === "outline") return message.text.split("\n");
  try {
    return printAnnotated(parseXml(Buffer.from(message.text), KEPT_LIMITS), foldOver);
  } catch (error) {
    // What WBXML can name is not always a name in XML.
    if (error instanceof ProtocolError) return [message.text];
    throw error;
  }
}

/** A message in the encoding in which it travelled, masked; an outline is text. */
export function messageFile(message: RecordedMessage): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly ending: string;
} {
  const text = Buffer.from(message.text);
  if (message.form === "outline") {
    return { bytes: text, contentType: "text/plain; charset=utf-8", ending: "txt" };
  }
  const { encoding } = message;
  try {
    const bytes = encoding === "xml" ? text : printDocument(parseXml(text, KEPT_LIMITS), encoding);
    const contentType = MEDIA_TYPES.find((type) => type.encoding === encoding)?.contentType ?? "";
    return { bytes, contentType, ending: encoding };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { bytes: text, contentType: "text/plain; charset=utf-8", ending: "txt" };
  }
}

/** The head of a session as text: what there is to know before reading its messages. */
export function sessionLines(session: RecordedSession): readonly string[] {
  const { commands } = session;
  return [
    `Session ${session.id}: ${session.externalId || "of nobody who is known"}, SessionID ${session.sessionId || "unknown"}`,
    `Began ${new Date(session.startedAtMs).toISOString()}, last message ${new Date(session.lastAtMs).toISOString()}, from ${session.address}`,
    `${session.encoding.toUpperCase()}, ${session.messages} messages, ${session.bytesIn} bytes in, ${session.bytesOut} bytes out`,
    `Began by ${session.startedBy ?? "unknown"}, showed ${session.scheme ?? "no credentials"}, ${session.authenticated ? "authenticated" : "not authenticated"}`,
    `Outcome: ${session.outcome}${session.reason === null ? "" : `. ${session.reason}`}`,
    ...commands.map(
      ({ from, command, about, more, status }) =>
        `  ${from === "server" ? "->" : "<-"} ${command} ${about}${more > 0 ? ` and ${more} more` : ""}: ${statusWords(status)}`,
    ),
    ...(session.moreCommands > 0 ? [`  and ${session.moreCommands} more commands`] : []),
    ...(session.messagesNotKept > 0
      ? [
          `${session.messagesNotKept} messages were not kept: there were too many, or too long ones.`,
        ]
      : []),
  ];
}

/** The line over a message. @param number from 1 */
export function messageHead(message: RecordedMessage, number: number): string {
  const who = message.from === "device" ? "device to server" : "server to device";
  const at = new Date(message.atMs).toISOString();
  const repeated = message.repeated ? ", repeated" : "";
  const problem = message.problem === null ? "" : `: ${message.problem}`;
  return `${number}. ${who}, ${at}, ${message.bytes} bytes${repeated}${problem}`;
}
