import type { Element } from "../syncml/element.ts";
import { encodeFragment, encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Fragment, Message, StatusCommand } from "../syncml/message.ts";
import { answerCommand } from "./answer-commands.ts";
import type { Carried } from "./carry-out.ts";
import { CommandNumbers } from "./number-commands.ts";

/** What a document without a SyncHdr counts as: the first message. [E-073] */
const FIRST_MESSAGE = "1";

/**
 * The answer of a tree that keeps no session, to a message or to commands without a SyncHdr: Status and
 * Results of every command, in the same form as they came. [Q43]
 *
 * @param carried how the document's commands ended, in their order
 */
export function answerDocument(document: Message | Fragment, carried: readonly Carried[]): Element {
  const numbers = new CommandNumbers();
  if (!("header" in document)) {
    const commands = answersTo(carried, FIRST_MESSAGE, numbers);
    return encodeFragment({ commands, final: true });
  }
  const { header } = document;
  const own = headerStatus(document, numbers);
  const answer: Message = {
    header: {
      verDtd: "1.2",
      verProto: "DM/1.2",
      sessionId: header.sessionId,
      messageId: header.messageId,
      target: { uri: header.source.uri },
      source: { uri: header.target.uri },
    },
    commands: [own, ...answersTo(carried, String(header.messageId), numbers)],
    final: true,
  };
  return encodeMessage(answer);
}

function answersTo(
  carried: readonly Carried[],
  messageId: string,
  numbers: CommandNumbers,
): readonly Command[] {
  return carried.flatMap((one) => answerCommand(one, messageId, numbers));
}

function headerStatus({ header }: Message, numbers: CommandNumbers): StatusCommand {
  return {
    name: "Status",
    cmdId: numbers.next(),
    msgRef: String(header.messageId),
    cmdRef: "0",
    cmd: "SyncHdr",
    targetRefs: [header.target.uri],
    sourceRefs: [header.source.uri],
    code: 200,
    items: [],
  };
}
