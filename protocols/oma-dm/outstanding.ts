import type { Item, ResultsCommand, StatusCommand } from "../syncml/message.ts";
import { isSuccess, statusKind } from "../syncml/statuses.ts";
import { isWithin, sameLocUri } from "./loc-uri.ts";
import type { DeviceFeature, Outstanding, SessionEvent } from "./server-state.ts";

/**
 * The server's commands of the current package and what the device says about them.
 *
 * Everything is matched by MsgRef, CmdRef and TargetRef, never by position. The first final code
 * for a command or an item counts; a repetition is passed over.
 */
export class OutstandingCommands {
  #commands: Outstanding[];
  readonly #told = new Set<string>();
  readonly #results = new Map<string, Item[]>();

  constructor(commands: readonly Outstanding[]) {
    this.#commands = [...commands];
  }

  get commands(): readonly Outstanding[] {
    return this.#commands;
  }

  addStatus(status: StatusCommand): void {
    const index = this.#commands.findIndex((command) => isAnswer(command, status));
    const command = this.#commands[index];
    if (command === undefined) return; // For the header, our Alert 1222, or nothing of ours.
    const updated = withStatus(command, status);
    if (updated === command) return;
    this.#commands[index] = updated;
    if (!updated.inProgress) this.#told.add(command.tag);
  }

  addResults(results: ResultsCommand): void {
    const index = this.#indexOfGet(results);
    const command = this.#commands[index];
    if (command === undefined) return;
    this.#commands[index] = { ...command, hasResults: true };
    const items = this.#results.get(command.tag) ?? [];
    for (const item of results.items) items.push(withSource(item, results, command));
    this.#results.set(command.tag, items);
  }

  /** The events of the message in hand: one per command that it spoke about. */
  events(): SessionEvent[] {
    const events: SessionEvent[] = [];
    for (const command of this.#commands) {
      if (this.#told.has(command.tag) && !command.isPart) {
        events.push(statusEvent(command, false));
        const feature = lackedFeature(command, this.#commands);
        if (feature !== undefined) events.push({ kind: "lacks", feature });
      }
      const items = this.#results.get(command.tag);
      if (items !== undefined) events.push({ kind: "results", tag: command.tag, items });
    }
    return events;
  }

  /**
   * Takes out every Sequence that the device cannot do, with those of its members that it has not
   * carried out: they are to be sent again without it.
   */
  takeLackedSequences(): readonly LackedSequence[] {
    const lacked = this.#commands.filter(
      (command) =>
        command.name === "Sequence" && lackedFeature(command, this.#commands) === "Sequence",
    );
    return lacked.map(({ tag }) => {
      const isUndone = (command: Outstanding) =>
        command.parent === tag && !isSuccess(codeOf(command) ?? 0);
      const undone = new Set(this.#commands.filter(isUndone).map((member) => member.tag));
      this.#commands = this.#commands.filter(
        (command) =>
          command.tag !== tag &&
          !undone.has(command.tag) &&
          !(command.parent !== null && undone.has(command.parent)),
      );
      return { tag, undone };
    });
  }

  get anyInProgress(): boolean {
    return this.#commands.some((command) => command.inProgress && codeOf(command) === undefined);
  }

  /**
   * Ends the package: what the device left out is derived from its other answers where they decide
   * it, and reported as unanswered where they do not.
   */
  close(): SessionEvent[] {
    const byTag = new Map(this.#commands.map((command) => [command.tag, command]));
    const events: SessionEvent[] = [];
    for (const command of this.#commands) {
      if (command.isPart || codeOf(command) !== undefined) continue;
      const code = derivedCode(command, byTag, this.#commands);
      if (code === undefined) events.push({ kind: "unanswered", tag: command.tag });
      else events.push(derivedStatus(command.tag, code, command.targets));
    }
    this.#commands = [];
    return events;
  }

  /** The Get that the Results answer: by reference, or by what they are about. */
  #indexOfGet(results: ResultsCommand): number {
    const source = results.items[0]?.source ?? results.sourceRef;
    const byRef = this.#commands.findIndex(
      (command) =>
        command.name === "Get" && results.cmdRef === command.cmdId && isOfMessage(command, results),
    );
    const referred = this.#commands[byRef];
    if (referred !== undefined && (source === undefined || asksFor(referred, source))) return byRef;
    // A reference that does not fit its own content is wrong more often than the content.
    if (source === undefined) return byRef;
    const bySource = this.#commands.findIndex(
      (command) =>
        command.name === "Get" && isOfMessage(command, results) && asksFor(command, source),
    );
    return bySource < 0 ? byRef : bySource;
  }
}

export interface LackedSequence {
  readonly tag: string;
  /** Tags of its own members. */
  readonly undone: ReadonlySet<string>;
}

/** Has the device said how this command ended? */
export function isAnswered(command: Outstanding): boolean {
  return codeOf(command) !== undefined;
}

/** What was said about each target of a command; targets that nothing was said about are missing. */
export function codesByTarget(command: Outstanding): Readonly<Record<string, number>> {
  const codes: Record<string, number> = {};
  for (const target of command.targets) {
    const code = command.itemCodes[target] ?? command.code;
    if (code !== null && code !== undefined) codes[target] = code;
  }
  return codes;
}

/** An end that the device did not tell. */
export function derivedStatus(
  tag: string,
  code: number,
  targets: readonly string[],
): Extract<SessionEvent, { kind: "status" }> {
  const itemCodes = Object.fromEntries(targets.map((target) => [target, code]));
  return { kind: "status", tag, code, itemCodes, answers: [], derived: true };
}

/** The code of several items as one: their first failure, else what they share. */
export function codeOfItems(codes: readonly number[]): number | undefined {
  // 215 and 216 are consequences; the culprit is the item with a code of its own.
  return (
    codes.find((code) => statusKind(code) === "failed") ??
    codes.find((code) => !isSuccess(code)) ??
    codes[0]
  );
}

function isOfMessage({ messageId }: Outstanding, { msgRef }: ResultsCommand): boolean {
  return msgRef === undefined || msgRef === String(messageId);
}

function asksFor(command: Outstanding, source: string): boolean {
  return command.targets.some((target) => isWithin(source, target));
}

/** Results of a single leaf may name it in SourceRef only, or leave it to the Get. */
function withSource(item: Item, results: ResultsCommand, command: Outstanding): Item {
  if (item.source !== undefined) return item;
  const source = results.sourceRef ?? results.targetRef ?? item.target ?? command.targets[0];
  return { ...item, source };
}

function isAnswer(command: Outstanding, status: StatusCommand): boolean {
  return (
    status.cmdRef === command.cmdId &&
    (status.msgRef === "" || status.msgRef === String(command.messageId)) &&
    (status.cmd === "" || status.cmd === command.name)
  );
}

/** The command with the Status noted; the very same object when it says nothing new. */
function withStatus(command: Outstanding, status: StatusCommand): Outstanding {
  if (statusKind(status.code) === "open") {
    return command.inProgress || codeOf(command) !== undefined
      ? command
      : { ...command, inProgress: true };
  }
  const answers = status.items.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const answered = answers.length > 0 ? { ...command, answers } : command;
  const named = status.targetRefs.flatMap((ref) =>
    command.targets.filter((target) => sameLocUri(target, ref)),
  );
  if (named.length === 0 || command.targets.length <= 1) {
    if (command.code !== null) return command;
    return { ...answered, code: status.code, inProgress: false };
  }
  const fresh = named.filter((target) => !Object.hasOwn(command.itemCodes, target));
  if (fresh.length === 0) return command;
  const itemCodes = { ...command.itemCodes };
  for (const target of fresh) itemCodes[target] = status.code;
  return { ...answered, itemCodes, inProgress: false };
}

/** The code of a command as a whole: its own, unless one of its items failed. */
function codeOf(command: Outstanding): number | undefined {
  const ofItems = Object.values(command.itemCodes);
  if (command.code === null) return codeOfItems(ofItems);
  return isSuccess(command.code) ? codeOfItems([...ofItems, command.code]) : command.code;
}

function statusEvent(command: Outstanding, derived: boolean): SessionEvent {
  return {
    kind: "status",
    tag: command.tag,
    code: codeOf(command) ?? 0,
    itemCodes: codesByTarget(command),
    answers: command.answers,
    derived,
  };
}

/** Optional features are answered so by devices that have not got them. [syncml 1] */
const NOT_SUPPORTED: ReadonlySet<number> = new Set([406, 501]);

/**
 * What the device cannot do, by the code of this command: of a container, unless one of its members
 * says the same of itself; of a Get, when it asks for a list of a subtree with its data.
 */
function lackedFeature(
  command: Outstanding,
  all: readonly Outstanding[],
): DeviceFeature | undefined {
  const code = codeOf(command) ?? 0;
  if (command.name === "Atomic" || command.name === "Sequence") {
    const members = all.filter(({ parent }) => parent === command.tag);
    const isOurs = members.some((member) => NOT_SUPPORTED.has(codeOf(member) ?? 0));
    return NOT_SUPPORTED.has(code) && !isOurs ? command.name : undefined;
  }
  const asksForList = command.targets.some((target) => target.includes("?list=StructData"));
  const isRefused = NOT_SUPPORTED.has(code) || code === 415;
  return command.name === "Get" && asksForList && isRefused ? "StructData" : undefined;
}

/**
 * A container without a Status of its own did what its members did; members without one share the
 * fate of their container; a Get with Results worked. Real clients leave out all three.
 */
function derivedCode(
  command: Outstanding,
  byTag: ReadonlyMap<string, Outstanding>,
  all: readonly Outstanding[],
): number | undefined {
  if (command.hasResults) return 200;
  const container = command.parent === null ? undefined : byTag.get(command.parent);
  const fate = container === undefined ? undefined : codeOf(container);
  if (fate !== undefined) {
    // A Sequence is answered when it begins, so its 200 says nothing about its members.
    if (isSuccess(fate)) return container?.name === "Atomic" ? 200 : undefined;
    return 215;
  }
  if (command.name !== "Atomic" && command.name !== "Sequence") return undefined;
  const codes = all.filter(({ parent }) => parent === command.tag).map(codeOf);
  const known = codes.filter((code) => code !== undefined);
  if (known.length === 0) return undefined;
  if (command.name === "Sequence") return 200;
  if (known.some((code) => !isSuccess(code))) return 507;
  return known.length === codes.length ? 200 : undefined;
}
