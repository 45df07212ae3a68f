import { ALERT } from "../syncml/alerts.ts";
import { encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Item, Message, ResultsCommand, StatusCommand } from "../syncml/message.ts";
import { printXml } from "../syncml/print-xml.ts";
import type { ClientSession } from "./client-state.ts";
import { CommandNumbers } from "./number-commands.ts";
import { type Cutting, cutPiece, largest, type Piece, WHOLE_CUT } from "./pieces.ts";

/** Whose answers they are, what the server takes, and what it has not got yet. */
export interface Packing
  extends Pick<ClientSession, "serverMaxMsgSize" | "serverMaxObjSize" | "unsent" | "cut"> {
  readonly config: Pick<ClientSession["config"], "answersMax" | "sendBytesMax" | "largeObjects">;
}

export interface PackOptions {
  readonly header: Omit<StatusCommand, "cmdId">;
  /** Behind the header's Status, whatever waits. */
  readonly before?: readonly Command[];
  /** The server has said all of its package: ours may end. */
  readonly isServerDone: boolean;
  readonly compose: (commands: readonly Command[], final: boolean) => Message;
  readonly sizeOf?: ((message: Message) => number) | undefined;
}

export interface Packed {
  readonly message: Message;
  readonly left: Pick<Packing, "unsent" | "cut">;
}

/**
 * Packs as many answers as the next message takes. What was kept back goes first; Results that no
 * message could hold go in pieces, and an item in chunks where the device can do that. [syncml 3.7]
 */
export function packAnswers(
  session: Packing,
  answers: readonly Command[],
  options: PackOptions,
): Packed {
  const { answersMax } = session.config;
  const fits = fitting(session, options);
  const sendable = answers.flatMap((command) => withoutGiants(session, command, fits, answers));
  const all = [...session.unsent, ...sendable];
  // What the server asks for meanwhile must not make what waits longer.
  const room = session.unsent.length > 0 ? answersMax + sendable.length : answersMax;
  const piece = session.cut.offset > 0 || session.cut.item > 0 ? undefined : all.slice(0, room);
  const count = piece === undefined ? 0 : largest(piece.length, (n) => fits(all.slice(0, n)));
  if (count > 0 || all.length === 0) return whole(all, count, options);
  const [first] = all;
  const cut = first === undefined ? undefined : cutAnswer(session, first, fits);
  if (first === undefined || cut === undefined) return whole(all, 1, options);
  const rest = cut.piece.rest === undefined ? all.slice(1) : all;
  const message = composed([cut.command], options, rest.length === 0);
  return { message, left: { unsent: rest, cut: cut.piece.rest ?? WHOLE_CUT } };
}

function whole(all: readonly Command[], count: number, options: PackOptions): Packed {
  const unsent = all.slice(count);
  const message = composed(all.slice(0, count), options, unsent.length === 0);
  return { message, left: { unsent, cut: WHOLE_CUT } };
}

type Fits = (commands: readonly Command[]) => boolean;

function fitting(session: Packing, options: PackOptions): Fits {
  const { sendBytesMax } = session.config;
  const limits = [sendBytesMax, session.serverMaxMsgSize].filter((one) => one !== null);
  const limit = Math.min(...limits);
  const sizeOf = options.sizeOf ?? xmlBytes;
  return (commands) => limits.length === 0 || sizeOf(composed(commands, options, false)) <= limit;
}

/** The message: the header's Status first, CmdIDs from 1, and a word to a server that goes on. */
function composed(
  commands: readonly Command[],
  { header, before = [], isServerDone, compose }: PackOptions,
  isLast: boolean,
): Message {
  const numbers = new CommandNumbers();
  const numbered: Command[] = [{ ...header, cmdId: numbers.next() }];
  for (const command of [...before, ...commands]) {
    numbered.push({ ...command, cmdId: numbers.next() });
  }
  if (!isServerDone && isLast) {
    const code = ALERT.nextMessage;
    numbered.push({ name: "Alert", cmdId: numbers.next(), code, items: [] });
  }
  return compose(numbered, isLast && isServerDone);
}

function isResults(command: Command): command is ResultsCommand {
  return command.name === "Results";
}

function cutAnswer(
  session: Packing,
  command: Command,
  fits: Fits,
): { readonly command: Command; readonly piece: Piece<Item> } | undefined {
  if (!isResults(command)) return undefined;
  const cutting = cuttingOf(session, command, fits);
  const piece = cutPiece(command.items, session.cut, cutting);
  return piece && { command: { ...command, items: piece.items }, piece };
}

function cuttingOf({ config }: Packing, command: ResultsCommand, fits: Fits): Cutting<Item> {
  return {
    fits: (items) => fits([{ ...command, items }]),
    withSize: (item, size) => ({ ...item, meta: { ...item.meta, size } }),
    chunks: config.largeObjects,
  };
}

/**
 * Results that the server cannot be sent are left out, and their Get says why: 416 over its
 * MaxObjSize, 413 over its MaxMsgSize.
 */
function withoutGiants(
  session: Packing,
  command: Command,
  fits: Fits,
  answers: readonly Command[],
): readonly Command[] {
  if (isResults(command)) return giantCode(session, command, fits) === undefined ? [command] : [];
  if (command.name !== "Status" || command.cmd !== "Get") return [command];
  const results = answers.filter(isResults).find(({ cmdRef }) => cmdRef === command.cmdRef);
  const code = results && giantCode(session, results, fits);
  return [code === undefined ? command : { ...command, code }];
}

function giantCode(session: Packing, results: ResultsCommand, fits: Fits): 413 | 416 | undefined {
  const { serverMaxObjSize } = session;
  for (const item of results.items) {
    const bytes = Buffer.byteLength(item.data ?? "");
    if (serverMaxObjSize !== null && bytes > serverMaxObjSize) return 416;
    const cutting = cuttingOf(session, results, fits);
    if (cutPiece([item], WHOLE_CUT, cutting) === undefined) return 413;
  }
  return undefined;
}

function xmlBytes(message: Message): number {
  return Buffer.byteLength(printXml(encodeMessage(message)));
}
