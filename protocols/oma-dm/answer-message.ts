import { ALERT } from "../syncml/alerts.ts";
import { encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Header, Message } from "../syncml/message.ts";
import { printXml } from "../syncml/print-xml.ts";
import { CommandNumbers, numberCommand } from "./number-commands.ts";
import type { OutgoingCommand, OutgoingItem, OutgoingItems } from "./outgoing-command.ts";
import { derivedStatus } from "./outstanding.ts";
import { type OwnCredential, ownCred } from "./own-credentials.ts";
import { type Cut, type Cutting, cutPiece, largest, type Piece, WHOLE_CUT } from "./pieces.ts";
import {
  type DeviceFeature,
  type Outstanding,
  type OwedAlert,
  type Partial,
  type ReplyStatus,
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
  type SessionLimits,
} from "./server-state.ts";

/** What the answer has to know beside the session. */
export interface AnswerOptions {
  /** The bytes of a message as it will be sent, for MaxMsgSize; as XML unless given. */
  readonly sizeOf?: ((message: Message) => number) | undefined;
  /** The device takes large objects in chunks; DevDetail/LrgObj says so. */
  readonly largeObjects?: boolean | undefined;
  /** What the device was found not to be able to do. */
  readonly lacks?: readonly DeviceFeature[] | undefined;
  readonly own?: OwnCredential | undefined;
  readonly limits?: SessionLimits | undefined;
}

export interface BuiltAnswer
  extends Pick<
    ServerSession,
    "outstanding" | "queued" | "partial" | "sent" | "sentFrom" | "unfinished" | "owedLater"
  > {
  readonly message: Message;
}

/**
 * Builds the message that pays what the session owes: Status elements first, in the order of the
 * device's commands, then alerts about the session's flow, then as many commands as fit.
 *
 * A Status is never left out: those that do not fit go with the next message, and this one has no
 * Final, so that the device asks for it. A command that does not fit beside them waits as well; one
 * that no message could hold goes in pieces. [syncml 3.2, 3.7]
 */
export function buildAnswer(
  session: ServerSession,
  due: readonly OutgoingCommand[],
  options: AnswerOptions,
): BuiltAnswer {
  const draft = new Draft(session, options);
  const { statuses, later, alerts } = draft.split();
  const nothing = { outstanding: [], sent: [], sentFrom: null };
  const asksForMore = alerts.some(({ code }) => code === ALERT.nextMessage);
  if (later.length > 0) {
    return {
      ...nothing,
      message: draft.message(statuses, alerts, [], { final: false }),
      queued: due,
      partial: session.partial,
      unfinished: !asksForMore,
      owedLater: later,
    };
  }
  if (due.length === 0) {
    const message = draft.message(statuses, alerts, [], { final: !asksForMore });
    const rest = { queued: [], partial: null, unfinished: false, owedLater: [] };
    return { ...nothing, ...rest, message };
  }
  return withCommands(draft, session, due, options);
}

/** Adds what fits of the commands. */
function withCommands(
  draft: Draft,
  session: ServerSession,
  due: readonly OutgoingCommand[],
  options: AnswerOptions,
): BuiltAnswer {
  const { statuses, alerts } = draft.split();
  const fits = (commands: readonly OutgoingCommand[]) =>
    draft.fits(() => draft.message(statuses, alerts, commands, { final: true }));
  const base = { owedLater: [], unfinished: false, sentFrom: null };

  if (session.partial === null) {
    const count = largest(due.length, (n) => fits(due.slice(0, n)));
    if (count > 0) {
      const now = due.slice(0, count);
      const { message, outstanding } = draft.sending(statuses, alerts, now, { final: true });
      const queued = due.slice(count);
      return { ...base, message, outstanding, queued, partial: null, sent: now };
    }
    if (statuses.length > 2) {
      // Beside fewer Status elements there is more room: the command waits for the next message.
      const message = draft.message(statuses, alerts, [], { final: false });
      const rest = { outstanding: [], sent: [], queued: due, partial: null };
      return { ...base, ...rest, message, unfinished: true };
    }
  }
  const [command, ...others] = due;
  const partial = session.partial ?? WHOLE;
  const piece =
    command !== undefined && isDivisible(command)
      ? cutPiece(
          command.items,
          partial.rest,
          cuttingOf(options, (items) => fits([{ ...command, items }])),
        )
      : undefined;
  if (piece === undefined || command === undefined || !isDivisible(command)) {
    // It was looked at before it was queued; the device must have made its limits narrower.
    const { message, outstanding } = draft.sending(statuses, alerts, due.slice(0, 1), {
      final: true,
    });
    return { ...base, message, outstanding, queued: others, partial: null, sent: due.slice(0, 1) };
  }
  const part = { ...command, items: piece.items };
  const { message, outstanding } = draft.sending(statuses, alerts, [part], {
    final: !piece.isChunk,
  });
  const isLast = piece.rest === undefined;
  return {
    ...base,
    message,
    outstanding: outstanding.map((one) => ofPart(one, command, partial, isLast)),
    queued: isLast ? others : due,
    partial: piece.rest === undefined ? null : afterPiece(partial, piece, piece.rest),
    sent: [command],
    sentFrom: fromStart(partial),
    unfinished: piece.isChunk,
  };
}

/** Of the last piece the caller is told as of the whole command. */
function ofPart(
  outstanding: Outstanding,
  command: OutgoingItems,
  { itemCodes }: Partial,
  isLast: boolean,
): Outstanding {
  if (!isLast) return { ...outstanding, isPart: true };
  const targets = command.items.flatMap(({ target }) => (target === undefined ? [] : [target]));
  return { ...outstanding, targets, itemCodes };
}

const WHOLE: Partial = { rest: WHOLE_CUT, chunkOf: null, attempt: 1, itemCodes: {} };

function cuttingOf(
  { largeObjects }: AnswerOptions,
  fits: (items: readonly OutgoingItem[]) => boolean,
): Cutting<OutgoingItem> {
  return { fits, withSize: (item, size) => ({ ...item, size }), chunks: largeObjects === true };
}

function afterPiece(partial: Partial, piece: Piece<OutgoingItem>, rest: Cut): Partial {
  const isSameItem = rest.item === partial.rest.item;
  return {
    ...partial,
    rest,
    chunkOf: piece.isChunk ? rest.item : null,
    attempt: isSameItem ? partial.attempt : 1,
  };
}

/** An object that has to be sent again begins with its first chunk. */
function fromStart(partial: Partial): Partial {
  return { ...partial, rest: { item: partial.rest.item, offset: 0 }, chunkOf: null };
}

/** Containers have to fit whole into one message; so have alerts. [syncml 3.2] */
function isDivisible(command: OutgoingCommand): command is OutgoingItems {
  return "items" in command && command.name !== "Alert" && command.items.length > 0;
}

export interface Sifted {
  readonly sendable: readonly OutgoingCommand[];
  /** One per command, and per member of a container, that this device can never be sent. */
  readonly refused: readonly SessionEvent[];
}

/**
 * Takes out the commands that no message to this device could carry: 416 where an object is larger
 * than its MaxObjSize, 413 where the command is larger than its MaxMsgSize and cannot go in pieces.
 */
export function siftCommands(
  session: ServerSession,
  commands: readonly OutgoingCommand[],
  options: AnswerOptions,
): Sifted {
  if (session.maxMsgSize === null && session.maxObjSize === null) {
    return { sendable: commands, refused: [] };
  }
  const sendable: OutgoingCommand[] = [];
  const draft = new Draft(session, options);
  const statuses = session.owed?.statuses ?? [];
  // What goes at once stands behind what is owed now; what has to wait, behind a little more.
  const fits = (command: OutgoingCommand) => {
    const isNext = sendable.length === 0 && statuses.length === 1;
    const before = isNext ? statuses : draft.least();
    return draft.fits(() => draft.message(before, [], [command], { final: true }));
  };
  const codeFor = (command: OutgoingCommand): number | undefined => {
    if (isOverMaxObjSize(command, session.maxObjSize)) return 416;
    if (fits(command)) return undefined;
    if (!isDivisible(command)) return 413;
    const cutting = cuttingOf(options, (items) => fits({ ...command, items }));
    const canGo = command.items.every((item) => cutPiece([item], WHOLE_CUT, cutting) !== undefined);
    return canGo ? undefined : 413;
  };
  const refused: SessionEvent[] = [];
  for (const command of commands) {
    const code = codeFor(command);
    if (code === undefined) sendable.push(command);
    else refused.push(...refusals(command, code));
  }
  return { sendable, refused };
}

function refusals(command: OutgoingCommand, code: number): readonly SessionEvent[] {
  const targets = "items" in command ? targetsOf(command.items) : [];
  const members = "commands" in command ? command.commands : [];
  return [
    derivedStatus(command.tag, code, targets),
    ...members.flatMap((member) => refusals(member, 215)),
  ];
}

function targetsOf(items: readonly OutgoingItem[]): readonly string[] {
  return items.flatMap(({ target }) => (target === undefined ? [] : [target]));
}

function isOverMaxObjSize(command: OutgoingCommand, bytesMax: number | null): boolean {
  if (bytesMax === null) return false;
  if ("commands" in command) {
    return command.commands.some((member) => isOverMaxObjSize(member, bytesMax));
  }
  return command.items.some(({ data }) => Buffer.byteLength(data ?? "") > bytesMax);
}

/** The message in the making: its header, and how large it may be. */
class Draft {
  readonly #session: ServerSession;
  readonly #sizeOf: (message: Message) => number;
  readonly #header: Header;
  #split: SplitReplies | undefined;

  constructor(session: ServerSession, options: AnswerOptions) {
    this.#session = session;
    this.#sizeOf = options.sizeOf ?? xmlBytes;
    this.#header = headerOf(session, options);
  }

  fits(message: () => Message): boolean {
    const { maxMsgSize } = this.#session;
    return maxMsgSize === null || this.#sizeOf(message()) <= maxMsgSize;
  }

  /**
   * The least that stands before commands: the Status for a header, and for an Alert, also where there
   * is none now. A command that has to wait meets one: with it the device asks for the rest, or reports.
   */
  least(): readonly ReplyStatus[] {
    const statuses = this.#session.owed?.statuses ?? [];
    const alert = { messageId: 999, cmdId: "999", cmd: "Alert", code: 200 };
    return [...statuses.slice(0, 1), alert];
  }

  /** What is owed now, and what has to wait. */
  split(): SplitReplies {
    this.#split ??= this.#splitReplies();
    return this.#split;
  }

  message(
    statuses: readonly ReplyStatus[],
    alerts: readonly OwedAlert[],
    commands: readonly OutgoingCommand[],
    { final }: { readonly final: boolean },
  ): Message {
    return this.sending(statuses, alerts, commands, { final }).message;
  }

  /** The same, with what the device has to answer. */
  sending(
    statuses: readonly ReplyStatus[],
    alerts: readonly OwedAlert[],
    commands: readonly OutgoingCommand[],
    { final }: { readonly final: boolean },
  ): { readonly message: Message; readonly outstanding: readonly Outstanding[] } {
    const numbers = new CommandNumbers();
    const numbered = [
      ...statuses.map((status) => statusCommand(status, numbers)),
      ...alerts.map((alert) => alertCommand(alert, numbers)),
    ];
    const outstanding: Outstanding[] = [];
    for (const command of commands) {
      const one = numberCommand(command, this.#header.messageId, numbers);
      numbered.push(one.command);
      outstanding.push(...one.outstanding);
    }
    return { message: { header: this.#header, commands: numbered, final }, outstanding };
  }

  #splitReplies(): SplitReplies {
    const { owed, owedLater } = this.#session;
    const [header, ...rest] = owed?.statuses ?? [];
    const all = [...(header === undefined ? [] : [header]), ...owedLater, ...rest];
    const alerts = owed?.alerts ?? [];
    const fits = (n: number) =>
      this.fits(() => this.message(all.slice(0, n), alerts, [], { final: false }));
    // The header's own, and at least one more, or it would never end.
    const least = Math.min(2, all.length);
    const count = Math.max(least, largest(all.length, fits));
    return { statuses: all.slice(0, count), later: all.slice(count), alerts };
  }
}

interface SplitReplies {
  readonly statuses: readonly ReplyStatus[];
  readonly later: readonly ReplyStatus[];
  readonly alerts: readonly OwedAlert[];
}

function headerOf(session: ServerSession, options: AnswerOptions): Header {
  const isOpen = session.phase === "open";
  const own = isOpen ? options.own : undefined;
  const cred = isOpen ? ownCred(own, session.own) : undefined;
  const { messageBytesMax, objectBytesMax } = options.limits ?? SESSION_LIMITS;
  const { source } = session;
  return {
    verDtd: "1.2",
    verProto: "DM/1.2",
    sessionId: session.sessionId,
    messageId: session.serverMessageId + 1,
    target: session.target,
    // A digest says whose it is in LocName. [syncml 3.4]
    source: own !== undefined && cred !== undefined ? { ...source, name: own.userName } : source,
    respUri: session.respUri ?? undefined,
    cred,
    maxMsgSize: isOpen && !session.announced ? messageBytesMax : undefined,
    maxObjSize: isOpen && !session.announced ? objectBytesMax : undefined,
  };
}

function statusCommand(status: ReplyStatus, numbers: CommandNumbers): Command {
  return {
    name: "Status",
    cmdId: numbers.next(),
    msgRef: String(status.messageId),
    cmdRef: status.cmdId,
    cmd: status.cmd,
    targetRefs: status.targetRef === undefined ? [] : [status.targetRef],
    sourceRefs: status.sourceRef === undefined ? [] : [status.sourceRef],
    chal: status.chal,
    code: status.code,
    items: [],
  };
}

function alertCommand({ code, source, target }: OwedAlert, numbers: CommandNumbers): Command {
  const isAbout = source !== undefined || target !== undefined;
  return { name: "Alert", cmdId: numbers.next(), code, items: isAbout ? [{ source, target }] : [] };
}

function xmlBytes(message: Message): number {
  return Buffer.byteLength(printXml(encodeMessage(message)));
}
