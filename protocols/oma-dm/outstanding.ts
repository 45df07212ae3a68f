import type { Item, ResultsCommand, StatusCommand } from "../syncml/message.ts";
import { isSuccess, statusKind } from "../syncml/statuses.ts";
import { isWithin, sameLocUri } from "./loc-uri.ts";
import type { Outstanding, SessionEvent } from "./server-state.ts";

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
      if (this.#told.has(command.tag)) events.push(statusEvent(command, false));
      const items = this.#results.get(command.tag);
      if (items !== undefined) events.push({ kind: "results", tag: command.tag, items });
    }
    return events;
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
      if (codeOf(command) !== undefined) continue;
      const code = derivedCode(command, byTag, this.#commands);
      if (code === undefined) events.push({ kind: "unanswered", tag: command.tag });
      else {
        const itemCodes = Object.fromEntries(command.targets.map((target) => [target, code]));
        events.push({ kind: "status", tag: command.tag, code, itemCodes, derived: true });
      }
    }
    this.#commands = [];
    return events;
  }

  /** The Get that the Results answer: by reference, or by what they are about. */
  #indexOfGet(results: ResultsCommand): number {
    const source = results.items[0]?.source ?? results.sourceRef;
    const byRef = this.#commands.findIndex(
      (command) =>
        command.name === "Get" &&
        results.cmdRef === command.cmdId &&
        (results.msgRef === undefined || results.msgRef === String(command.messageId)),
    );
    const referred = this.#commands[byRef];
    if (referred !== undefined && (source === undefined || asksFor(referred, source))) return byRef;
    // A reference that does not fit its own content is wrong more often than the content.
    if (source === undefined) return byRef;
    const bySource = this.#commands.findIndex(
      (command) => command.name === "Get" && asksFor(command, source),
    );
    return bySource < 0 ? byRef : bySource;
  }
}

/** Has the device said how this command ended? */
export function isAnswered(command: Outstanding): boolean {
  return codeOf(command) !== undefined;
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
  const named = status.targetRefs.flatMap((ref) =>
    command.targets.filter((target) => sameLocUri(target, ref)),
  );
  if (named.length === 0 || command.targets.length <= 1) {
    if (command.code !== null) return command;
    return { ...command, code: status.code, inProgress: false };
  }
  const fresh = named.filter((target) => !Object.hasOwn(command.itemCodes, target));
  if (fresh.length === 0) return command;
  const itemCodes = { ...command.itemCodes };
  for (const target of fresh) itemCodes[target] = status.code;
  return { ...command, itemCodes, inProgress: false };
}

/** The code of a command as a whole: its own, else the first failure of its items, else theirs. */
function codeOf(command: Outstanding): number | undefined {
  if (command.code !== null) return command.code;
  const codes = Object.values(command.itemCodes);
  // 215 and 216 are consequences; the culprit is the item with a code of its own.
  return (
    codes.find((code) => statusKind(code) === "failed") ??
    codes.find((code) => !isSuccess(code)) ??
    codes[0]
  );
}

function statusEvent(command: Outstanding, derived: boolean): SessionEvent {
  const itemCodes: Record<string, number> = {};
  for (const target of command.targets) {
    const code = command.itemCodes[target] ?? command.code;
    if (code !== null && code !== undefined) itemCodes[target] = code;
  }
  return { kind: "status", tag: command.tag, code: codeOf(command) ?? 0, itemCodes, derived };
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
