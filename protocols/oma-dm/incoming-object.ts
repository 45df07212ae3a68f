import { ALERT } from "../syncml/alerts.ts";
import type { Command, Item } from "../syncml/message.ts";
import { sameLocUri } from "./loc-uri.ts";

/**
 * A large object that is on its way to us in chunks. [syncml 3.7]
 *
 * Each chunk but the last carries MoreData and is answered 213; the last one makes the command whole,
 * and only then it is heard. Plain JSON: it is stored with the session, so that a restart between two
 * chunks loses nothing.
 */
export interface IncomingObject {
  /** The command as its first chunk came, without the item in hand. */
  readonly command: ObjectCommand;
  /** Its item in hand, without data. */
  readonly item: Item;
  /** What has come so far. */
  readonly data: string;
  /** Of the whole object, as its first chunk said. */
  readonly size: number;
  readonly chunks: number;
  /**
   * Why no more of it is taken; null while it is. Its sender may not have heard: without this, its
   * last chunk would pass for a whole object.
   */
  readonly refused: number | null;
}

/** The commands that can carry an object. */
export type ObjectCommand = Extract<Command, { readonly items: readonly Item[] }>;

export interface ObjectLimits {
  /** Bytes of one object. */
  readonly objectBytesMax: number;
  /** Chunks of one object. */
  readonly chunksMax: number;
}

/** What a command turned out to be. */
export type Taken =
  /** To be heard as any other, with its object put together. */
  | { readonly kind: "whole"; readonly command: Command }
  /** To be answered with this code and not heard: 213, or why the object is refused. */
  | { readonly kind: "chunk"; readonly command: Command; readonly code: number }
  /** An object that its sender has left unfinished: Alert 1225. */
  | { readonly kind: "broken"; readonly object: IncomingObject };

export interface TakenMessage {
  readonly incoming: IncomingObject | null;
  /** In the order of the commands. */
  readonly taken: readonly Taken[];
}

/**
 * Takes in the commands of one message. An object has to go on in the very next message: one that
 * does not, or that another command comes before, is broken and nothing of it is kept.
 */
export function takeMessage(
  before: IncomingObject | null,
  commands: readonly Command[],
  limits: ObjectLimits,
): TakenMessage {
  let incoming = before;
  let isBroken = before !== null;
  const taken: Taken[] = [];
  for (const command of commands) {
    if (isTransparent(command)) {
      taken.push({ kind: "whole", command });
      continue;
    }
    const isContinued = incoming !== null && isBroken && continues(incoming, command);
    if (incoming !== null && !isContinued) {
      if (incoming.refused === null) taken.push({ kind: "broken", object: incoming });
      incoming = null;
    }
    isBroken = false;
    const next = isObjectCommand(command)
      ? takeObject(incoming, command, limits)
      : { incoming: null, taken: { kind: "whole" as const, command } };
    incoming = next.incoming;
    taken.push(next.taken);
  }
  if (!isBroken || incoming === null || commands.some(isHeartbeat)) return { incoming, taken };
  const broken: Taken = { kind: "broken", object: incoming };
  return { incoming: null, taken: incoming.refused === null ? [...taken, broken] : taken };
}

/** What may stand between two chunks: Status, the flow of the session, a sign of life. */
function isTransparent(command: Command): boolean {
  if (command.name === "Status") return true;
  if (command.name !== "Alert") return false;
  const { code } = command;
  return (
    code === ALERT.nextMessage ||
    code === ALERT.sessionAbort ||
    code === ALERT.noEndOfData ||
    isHeartbeat(command)
  );
}

/** Windows says so while it is busy; the session goes on. [syncml 5] */
export function isHeartbeat(command: Command): boolean {
  return (
    command.name === "Alert" &&
    command.code === ALERT.clientEvent &&
    command.items.some((item) => HEARTBEAT.test(item.meta?.type ?? ""))
  );
}

const HEARTBEAT = /com\.microsoft\.mdm\.requestpending$/i;

function isObjectCommand(command: Command): command is ObjectCommand {
  return "items" in command && command.name !== "Status";
}

/** Is it the next chunk of this object? Meta may be left out then, the rest has to fit. */
function continues(incoming: IncomingObject, command: Command): boolean {
  const { command: first, item } = incoming;
  if (!isObjectCommand(command) || command.name !== first.name) return false;
  const [next] = command.items;
  // A size other than ours begins another object.
  const { size = incoming.size } = next?.meta ?? {};
  if (next === undefined || size !== incoming.size) return false;
  if (command.name === "Results" && first.name === "Results") {
    return (
      command.cmdRef === first.cmdRef && sameNode(next.source ?? command.sourceRef, item.source)
    );
  }
  return sameNode(next.source, item.source) && sameNode(next.target, item.target);
}

function sameNode(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || sameLocUri(a, b);
}

interface TakenObject {
  readonly incoming: IncomingObject | null;
  readonly taken: Taken;
}

function takeObject(
  incoming: IncomingObject | null,
  command: ObjectCommand,
  limits: ObjectLimits,
): TakenObject {
  if (incoming === null) return takeFirst(command, command.items, command, limits);
  const [chunk, ...rest] = command.items;
  if (chunk === undefined) return refusal(incoming, command, 412, false);
  const more = chunk.moreData === true;
  if (incoming.refused !== null) return refusal(incoming, command, incoming.refused, more);
  const grown = withChunk(incoming, chunk);
  const code = problemOf(grown, limits) ?? (more || fitsSize(grown) ? undefined : 424);
  if (code !== undefined) return refusal(incoming, command, code, more);
  if (more) {
    // Nothing may come behind a chunk that is not the last of its object.
    return rest.length > 0 ? refusal(incoming, command, 400, more) : chunkOf(grown, command);
  }
  const whole: Item = { ...grown.item, data: grown.data };
  return takeFirst(incoming.command, [...incoming.command.items, whole, ...rest], command, limits);
}

/** A command whose items are whole but for the last, which may be the first chunk of an object. */
function takeFirst(
  first: ObjectCommand,
  items: readonly Item[],
  command: ObjectCommand,
  limits: ObjectLimits,
): TakenObject {
  const whole = { ...first, cmdId: command.cmdId, items };
  const before = items.slice(0, -1);
  const last = items.at(-1);
  const begun = last?.moreData === true ? begin({ ...whole, items: before }, last) : undefined;
  if (before.some((item) => item.moreData)) return refusal(begun ?? null, command, 400, true);
  if (begun === undefined) {
    return { incoming: null, taken: { kind: "whole", command: whole } };
  }
  const code = last?.meta?.size === undefined ? 411 : problemOf(begun, limits);
  return code === undefined ? chunkOf(begun, command) : refusal(begun, command, code, true);
}

function begin(command: ObjectCommand, { moreData: _, data = "", ...item }: Item): IncomingObject {
  return { command, item, data, size: item.meta?.size ?? 0, chunks: 1, refused: null };
}

/** What is refused is not kept; that it was refused is, until its last chunk has come. */
function refusal(
  object: IncomingObject | null,
  command: ObjectCommand,
  code: number,
  more: boolean,
): TakenObject {
  const incoming = object !== null && more ? { ...object, data: "", refused: code } : null;
  return { incoming, taken: { kind: "chunk", command, code } };
}

function chunkOf(incoming: IncomingObject, command: Command) {
  return { incoming, taken: { kind: "chunk", command, code: 213 } } as const;
}

function withChunk(incoming: IncomingObject, chunk: Item): IncomingObject {
  return {
    ...incoming,
    data: incoming.data + (chunk.data ?? ""),
    chunks: incoming.chunks + 1,
  };
}

/** 416: larger than we take. 424: more has come than was announced. */
function problemOf(object: IncomingObject, limits: ObjectLimits): number | undefined {
  if (object.size > limits.objectBytesMax) return 416;
  if (object.chunks > limits.chunksMax) return 413;
  const bytes = Buffer.byteLength(object.data);
  if (bytes > limits.objectBytesMax) return 416;
  return bytes > object.size && decodedBytes(object) > object.size ? 424 : undefined;
}

/**
 * Does the object have the size that was announced? The specification does not settle whether the
 * size of base64 counts the text or the bytes behind it; both are met.
 */
function fitsSize(object: IncomingObject): boolean {
  return Buffer.byteLength(object.data) === object.size || decodedBytes(object) === object.size;
}

function decodedBytes({ data, item }: IncomingObject): number {
  const isBase64 = item.meta?.format === "b64" || item.meta?.format === "bin";
  return isBase64 ? Buffer.from(data, "base64").length : Number.POSITIVE_INFINITY;
}
