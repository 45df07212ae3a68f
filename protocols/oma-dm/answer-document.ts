import { ALERT } from "../syncml/alerts.ts";
import type { Element } from "../syncml/element.ts";
import { encodeFragment, encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Fragment, Message, StatusCommand } from "../syncml/message.ts";
import { answerCommand } from "./answer-commands.ts";
import type { Carried } from "./carry-out.ts";
import { type Packing, packAnswers } from "./client-answers.ts";
import { CommandNumbers } from "./number-commands.ts";
import { WHOLE_CUT } from "./pieces.ts";
import { maxMsgSizeOf, versionProblem } from "./read-header.ts";

/** What a document without a SyncHdr counts as: the first message. [E-073] */
const FIRST_MESSAGE = "1";

/**
 * What has to be kept of the talk with one server for its next message: how much it takes, and the
 * answers for which its last one had no room. [syncml 3.7]
 */
export interface DocumentTalk {
  readonly maxMsgSize: number | null;
  readonly maxObjSize: number | null;
  readonly unsent: readonly Command[];
  readonly cut: Packing["cut"];
}

export const NEW_TALK: DocumentTalk = {
  maxMsgSize: null,
  maxObjSize: null,
  unsent: [],
  cut: WHOLE_CUT,
};

export interface DocumentAnswer {
  readonly root: Element;
  readonly talk: DocumentTalk;
}

/** 505 or 513 for a message of another version: nothing of it is carried out. */
export function documentProblem(document: Message | Fragment): number | undefined {
  return "header" in document ? versionProblem(document) : undefined;
}

/**
 * The answer of a tree to a message or to commands without a SyncHdr: Status and Results of every
 * command, in the same form as they came. [Q43] A message's answer fits into its MaxMsgSize: what has
 * no room is left in `talk` and goes out when the server asks for it with Alert 1222.
 *
 * @param carried how the document's commands ended, in their order
 * @param sizeOf the bytes of a message as it will be sent; as XML unless given
 */
export function answerDocument(
  document: Message | Fragment,
  carried: readonly Carried[],
  talk: DocumentTalk = NEW_TALK,
  sizeOf?: (message: Message) => number,
): DocumentAnswer {
  const numbers = new CommandNumbers();
  if (!("header" in document)) {
    const commands = answersTo(carried, FIRST_MESSAGE, numbers);
    return { root: encodeFragment({ commands, final: true }), talk };
  }
  const { header, commands, final } = document;
  const limits = {
    maxMsgSize: maxMsgSizeOf(document) ?? talk.maxMsgSize,
    maxObjSize: header.maxObjSize ?? talk.maxObjSize,
  };
  const problem = documentProblem(document);
  const answersOf = (some: readonly Carried[]) => {
    const said = problem === undefined ? answersTo(some, String(header.messageId), numbers) : [];
    return header.noResp ? said.filter(isNoStatus) : said;
  };
  const unsent = commands.some(isAbort) ? [] : talk.unsent;
  const packing: Packing = {
    config: { answersMax: Number.MAX_SAFE_INTEGER, sendBytesMax: null, largeObjects: false },
    serverMaxMsgSize: limits.maxMsgSize,
    serverMaxObjSize: limits.maxObjSize,
    unsent,
    cut: unsent.length > 0 ? talk.cut : WHOLE_CUT,
  };
  const isFlow = ({ command }: Carried) => isFlowAlert(command);
  const packed = packAnswers(packing, answersOf(carried.filter((one) => !isFlow(one))), {
    header: headerStatus(document, problem ?? 200),
    // That it is asked for more is answered at once: behind what waits, it would wait for ever.
    before: answersOf(carried.filter(isFlow)),
    isServerDone: final || commands.some(asksForMore),
    compose: (answers, isLast) => messageOf(document, answers, isLast),
    sizeOf,
  });
  return { root: encodeMessage(packed.message), talk: { ...limits, ...packed.left } };
}

/** Alerts about the flow of the talk: they are answered, and nothing is carried out for them. */
export function isFlowAlert(command: Command): boolean {
  return asksForMore(command) || isAbort(command) || isAlert(command, ALERT.noEndOfData);
}

function asksForMore(command: Command): boolean {
  return isAlert(command, ALERT.nextMessage);
}

function isAbort(command: Command): boolean {
  return isAlert(command, ALERT.sessionAbort);
}

function isAlert(command: Command, code: number): boolean {
  return command.name === "Alert" && command.code === code;
}

function isNoStatus({ name }: Command): boolean {
  return name !== "Status";
}

function answersTo(
  carried: readonly Carried[],
  messageId: string,
  numbers: CommandNumbers,
): readonly Command[] {
  return carried.flatMap((one) => answerCommand(one, messageId, numbers));
}

function messageOf({ header }: Message, commands: readonly Command[], final: boolean): Message {
  return {
    header: {
      verDtd: "1.2",
      verProto: "DM/1.2",
      sessionId: header.sessionId,
      messageId: header.messageId,
      target: { uri: header.source.uri },
      source: { uri: header.target.uri },
    },
    commands,
    final,
  };
}

function headerStatus({ header }: Message, code: number): Omit<StatusCommand, "cmdId"> {
  return {
    name: "Status",
    msgRef: String(header.messageId),
    cmdRef: "0",
    cmd: "SyncHdr",
    targetRefs: [header.target.uri],
    sourceRefs: [header.source.uri],
    code,
    items: [],
  };
}
