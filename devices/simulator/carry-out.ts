import type {
  Command,
  ContainerCommand,
  Item,
  ItemsCommand,
} from "../../protocols/syncml/message.ts";
import type { AppState } from "./app-state.ts";
import { executeOnTree, type TreeLeaf } from "./app-tree.ts";
import type { Profile } from "./profiles.ts";

/** How one command ended: a code for all its items, or one for each. */
export interface Carried {
  readonly command: Command;
  readonly codes: readonly ItemCode[];
  /** What a Get read, item by item. */
  readonly results: readonly (readonly TreeLeaf[])[];
  /** The commands inside an Atomic or Sequence. */
  readonly inner: readonly Carried[];
}

export interface ItemCode {
  /** The item's LocURI as the server wrote it; undefined for the command as a whole. */
  readonly target: string | undefined;
  readonly code: number;
}

export interface CarryContext {
  readonly nowMs: number;
  readonly profile: Profile;
  /** `DevInfo/…` and `DevDetail/…` leaves by their path without `./`. */
  readonly info: ReadonlyMap<string, string>;
}

export interface CarriedOut {
  readonly state: AppState;
  readonly carried: Carried;
  /** Products whose DownloadInstall was executed and not rolled back. */
  readonly started: readonly string[];
}

/**
 * Carries one command of the server out on the device. Pure: an Atomic that fails returns the state
 * it began with, its members say 216 (undone) and 215 (not reached), itself 507. [syncml 3.6]
 */
export function carryOut(state: AppState, command: Command, context: CarryContext): CarriedOut {
  const lacking: readonly string[] = context.profile.lacks;
  if (lacking.includes(command.name)) return whole(state, command, 501);
  switch (command.name) {
    case "Atomic":
      return carryOutAtomic(state, command, context);
    case "Sequence":
      return carryOutSequence(state, command, context);
    case "Alert":
      return whole(state, command, 200);
    case "Add":
    case "Delete":
    case "Exec":
    case "Get":
    case "Replace":
      return carryOutItems(state, { ...command, name: command.name }, context);
    default:
      return whole(state, command, 501);
  }
}

function carryOutAtomic(
  before: AppState,
  command: ContainerCommand,
  context: CarryContext,
): CarriedOut {
  let state = before;
  const started: string[] = [];
  const inner: Carried[] = [];
  for (const [index, member] of command.commands.entries()) {
    const done = carryOut(state, member, context);
    inner.push(done.carried);
    if (!isGood(done.carried)) {
      const undone = inner.slice(0, index).map((one) => recoded(one, 216));
      const failed = withUndoneItems(done.carried);
      const unreached = command.commands.slice(index + 1).map((one) => allItems(one, 215));
      return {
        state: before,
        carried: { ...empty(command, 507), inner: [...undone, failed, ...unreached] },
        started: [],
      };
    }
    state = done.state;
    started.push(...done.started);
  }
  return { state, carried: { ...empty(command, 200), inner }, started };
}

function carryOutSequence(
  before: AppState,
  command: ContainerCommand,
  context: CarryContext,
): CarriedOut {
  let state = before;
  const started: string[] = [];
  const inner: Carried[] = [];
  for (const member of command.commands) {
    const done = carryOut(state, member, context);
    state = done.state;
    started.push(...done.started);
    inner.push(done.carried);
  }
  return { state, carried: { ...empty(command, 200), inner }, started };
}

function carryOutItems(
  before: AppState,
  command: ItemsCommand & { readonly name: "Add" | "Delete" | "Exec" | "Get" | "Replace" },
  context: CarryContext,
): CarriedOut {
  let state = before;
  const codes: ItemCode[] = [];
  const results: (readonly TreeLeaf[])[] = [];
  const started: string[] = [];
  for (const item of command.items) {
    const target = item.target ?? "";
    const info = readInfo(command.name, target, context);
    if (info !== undefined) {
      codes.push({ target, code: info.code });
      results.push(info.leaves);
      continue;
    }
    const answer = executeOnTree(
      state,
      { verb: command.name, uri: target, data: item.data ?? "" },
      { nowMs: context.nowMs, structData: context.profile.structData },
    );
    state = answer.state;
    codes.push({ target, code: answer.code });
    results.push(answer.leaves);
    if (answer.started !== undefined) started.push(answer.started);
  }
  if (command.items.length === 0) codes.push({ target: undefined, code: 412 });
  return { state, carried: { command, codes, results, inner: [] }, started };
}

/** DevInfo and DevDetail: leaves that can be read and nothing else. */
function readInfo(
  verb: string,
  target: string,
  { info }: CarryContext,
): { readonly code: number; readonly leaves: readonly TreeLeaf[] } | undefined {
  const path = target.trim().replace(/^\.\//, "");
  if (!/^(DevInfo|DevDetail)(\/|$)/.test(path)) return undefined;
  const data = info.get(path);
  if (data === undefined) return { code: 404, leaves: [] };
  if (verb !== "Get") return { code: 405, leaves: [] };
  return { code: 200, leaves: [{ uri: target, format: "chr", data }] };
}

function isGood(carried: Carried): boolean {
  const good = (code: number) => code >= 200 && code < 300;
  return carried.codes.every(({ code }) => good(code)) && carried.inner.every(isGood);
}

/** Items that went well before one of the same command failed are undone as well. */
function withUndoneItems(carried: Carried): Carried {
  const codes = carried.codes.map(({ target, code }) => ({
    target,
    code: code >= 200 && code < 300 ? 216 : code,
  }));
  return { ...carried, codes, results: [] };
}

function recoded(carried: Carried, code: number): Carried {
  return {
    ...carried,
    codes: carried.codes.map(({ target }) => ({ target, code })),
    results: [],
    inner: carried.inner.map((one) => recoded(one, code)),
  };
}

function allItems(command: Command, code: number): Carried {
  const items: readonly Item[] = "items" in command ? command.items : [];
  const codes = items.map(({ target }) => ({ target, code }));
  return {
    ...empty(command, code),
    codes: codes.length > 0 ? codes : [{ target: undefined, code }],
  };
}

function whole(state: AppState, command: Command, code: number): CarriedOut {
  return { state, carried: empty(command, code), started: [] };
}

function empty(command: Command, code: number): Carried {
  return { command, codes: [{ target: undefined, code }], results: [], inner: [] };
}
