import type {
  AlertCommand,
  Command,
  ContainerCommand,
  Item,
  ItemsCommand,
} from "../syncml/message.ts";
import { isSuccess } from "../syncml/statuses.ts";
import { readUserAlert, type UserPrompt, type UserReply } from "./user-alert.ts";

/**
 * A device's management tree, as a value: executing a command gives the next state, so that an
 * Atomic is undone by keeping the state from before.
 */
export interface ManagementTree<State> {
  /** Carries one item of one command out. A command that fails must leave the state as it was. */
  execute(state: State, request: TreeRequest): TreeReply<State>;
  /** Asks whoever is in front of the device. A device without a screen leaves it out. */
  ask?(state: State, prompt: UserPrompt): UserReply & { readonly state: State };
}

/** What some clients do not take inside an Atomic: they answer 500. [syncml 3.6] */
export interface AtomicRules {
  readonly noGet?: boolean | undefined;
  readonly noAtomic?: boolean | undefined;
}

export interface TreeRequest {
  readonly command: "Add" | "Delete" | "Exec" | "Get" | "Replace";
  /** The target as the server wrote it, trimmed; a query such as `?list=StructData` is part of it. */
  readonly uri: string;
  readonly format?: string | undefined;
  readonly data: string;
}

export interface TreeReply<State> {
  readonly state: State;
  /** The SyncML status. */
  readonly code: number;
  /** What a Get read. */
  readonly nodes: readonly TreeNode[];
  /** What was done cannot be taken back: inside an Atomic that fails it is answered 516. */
  readonly irrevocable?: true;
}

export interface TreeNode {
  readonly uri: string;
  readonly format: string;
  /** Missing for an interior node in a list of a subtree. */
  readonly data?: string | undefined;
}

/** How one command ended. */
export interface Carried {
  readonly command: Command;
  /** One code per item, or a single one for the command as a whole. */
  readonly codes: readonly ItemCode[];
  /** What a Get read. */
  readonly nodes: readonly TreeNode[];
  /** What a user answered. */
  readonly answers?: readonly string[];
  /** The members of an Atomic or Sequence. */
  readonly members: readonly Carried[];
}

export interface ItemCode {
  /** The item's LocURI as the server wrote it; undefined for the command as a whole. */
  readonly target: string | undefined;
  readonly code: number;
}

export interface CarriedOut<State> {
  readonly state: State;
  readonly carried: Carried;
  /** The user cancelled: what comes after this command is not to be carried out. [DM 1.2, 10.2] */
  readonly isCancelled: boolean;
}

/**
 * Carries a command of the server out on the device's tree. [syncml 3.3, 3.6, 3.9]
 *
 * An Atomic whose member fails leaves the state as it was: the Atomic says 507, the culprit its own
 * code, what was undone 216 (516 where it could not be), and what was not reached 215. A Sequence
 * says 200 and goes on after a failure, but not after a user who said no.
 */
export function carryOut<State>(
  tree: ManagementTree<State>,
  state: State,
  command: Command,
  rules: AtomicRules = {},
): CarriedOut<State> {
  const done = run({ tree, rules, isInAtomic: false }, state, command);
  return { state: done.state, carried: done.carried, isCancelled: isCancelled(done) };
}

/** A command as one that is not carried out at all. */
export function notCarriedOut(command: Command, code: number): Carried {
  return skipped(undefined, command, code).carried;
}

interface Device<State> {
  readonly tree: ManagementTree<State>;
  readonly rules: AtomicRules;
  readonly isInAtomic: boolean;
}

interface Run<State> {
  readonly state: State;
  readonly carried: Carried;
  /** Parallel to `carried.codes`: which items cannot be undone. */
  readonly irrevocable: readonly boolean[];
  readonly members: readonly Run<State>[];
}

function run<State>(device: Device<State>, state: State, command: Command): Run<State> {
  const { rules, isInAtomic } = device;
  if ("cmdId" in command && command.cmdId === "") return whole(state, command, 400);
  switch (command.name) {
    case "Atomic":
      if (isInAtomic && rules.noAtomic) return whole(state, command, 500);
      return runAtomic(device, state, command);
    case "Sequence":
      return runSequence(device, state, command);
    case "Get":
      if (isInAtomic && rules.noGet) return whole(state, command, 500);
      return runItems(device.tree, state, command, command.name);
    case "Add":
    case "Delete":
    case "Exec":
    case "Replace":
      return runItems(device.tree, state, command, command.name);
    case "Copy":
      return runCopy(device.tree, state, command);
    case "Alert":
      return runAlert(device.tree, state, command);
    default:
      return whole(state, command, 501);
  }
}

/** A chunk that comes here is one that nobody has put together: it must not pass for the whole. */
const NO_CHUNKS = 406;

function runItems<State>(
  tree: ManagementTree<State>,
  before: State,
  command: ItemsCommand,
  name: TreeRequest["command"],
): Run<State> {
  let state = before;
  const codes: ItemCode[] = [];
  const nodes: TreeNode[] = [];
  const irrevocable: boolean[] = [];
  for (const { target, meta, data, moreData } of command.items) {
    if (moreData) {
      codes.push({ target, code: NO_CHUNKS });
      irrevocable.push(false);
      continue;
    }
    const request = { command: name, uri: target ?? "", format: meta?.format, data: data ?? "" };
    const reply = tree.execute(state, request);
    state = reply.state;
    codes.push({ target, code: reply.code });
    nodes.push(...reply.nodes);
    irrevocable.push(reply.irrevocable === true);
  }
  if (codes.length === 0) return whole(state, command, 412);
  return { state, carried: { command, codes, nodes, members: [] }, irrevocable, members: [] };
}

/** Leaf to leaf: what the source holds is written to the target, which may be there or not. */
function runCopy<State>(
  tree: ManagementTree<State>,
  before: State,
  command: ItemsCommand,
): Run<State> {
  let state = before;
  const codes: ItemCode[] = [];
  for (const item of command.items) {
    const done = copyItem(tree, state, item);
    state = done.state;
    codes.push({ target: item.target, code: done.code });
  }
  if (codes.length === 0) return whole(state, command, 412);
  const carried = { command, codes, nodes: [], members: [] };
  return { state, carried, irrevocable: codes.map(() => false), members: [] };
}

function copyItem<State>(
  tree: ManagementTree<State>,
  state: State,
  { source, target }: Item,
): { readonly state: State; readonly code: number } {
  if (source === undefined || target === undefined) return { state, code: 412 };
  const read = tree.execute(state, { command: "Get", uri: source, data: "" });
  const [node] = read.nodes;
  if (!isSuccess(read.code)) return { state, code: read.code };
  if (node === undefined || node.format === "node") return { state, code: 405 };
  const request = { uri: target, format: node.format, data: node.data ?? "" };
  const added = tree.execute(read.state, { ...request, command: "Add" });
  if (added.code !== 418) return added;
  return tree.execute(added.state, { ...request, command: "Replace" });
}

function runAlert<State>(
  tree: ManagementTree<State>,
  state: State,
  command: AlertCommand,
): Run<State> {
  const prompt = readUserAlert(command);
  if (prompt === undefined || tree.ask === undefined) return whole(state, command, 406);
  const reply = tree.ask(state, prompt);
  const done = whole(reply.state, command, reply.code);
  return { ...done, carried: { ...done.carried, answers: reply.answers } };
}

/** The user pressed cancel: nothing more of the message is carried out. */
function isCancelled<State>({ carried, members }: Run<State>): boolean {
  const isAlert = carried.command.name === "Alert";
  const isOwn = isAlert && carried.codes.some(({ code }) => code === 214);
  return isOwn || members.some(isCancelled);
}

function isRefusedByUser<State>({ carried }: Run<State>): boolean {
  return carried.command.name === "Alert" && carried.codes.some(({ code }) => !isSuccess(code));
}

function runSequence<State>(
  device: Device<State>,
  before: State,
  command: ContainerCommand,
): Run<State> {
  let state = before;
  let stops = false;
  const members = command.commands.map((member) => {
    if (stops) return skipped(state, member);
    const done = run(device, state, member);
    state = done.state;
    stops = isRefusedByUser(done) || isCancelled(done);
    return done;
  });
  return container(state, command, 200, members);
}

function runAtomic<State>(
  device: Device<State>,
  before: State,
  command: ContainerCommand,
): Run<State> {
  let state = before;
  const done: Run<State>[] = [];
  for (const member of command.commands) {
    const next = runMember({ ...device, isInAtomic: true }, state, member);
    done.push(next);
    if (!isGood(next)) {
      const undone = done.map((one) => undo(one));
      const unreached = command.commands.slice(done.length).map((one) => skipped(before, one));
      return container(before, command, 507, [...undone, ...unreached]);
    }
    state = next.state;
  }
  return container(state, command, 200, done);
}

/** Inside an Atomic the first bad item ends the command; the items behind it are not reached. */
function runMember<State>(device: Device<State>, state: State, member: Command): Run<State> {
  const done = run(device, state, member);
  const culprit = done.carried.codes.findIndex(({ code }) => !isSuccess(code));
  if (culprit < 0 || done.members.length > 0) return done;
  const codes = done.carried.codes.map((item, index) =>
    index > culprit ? { ...item, code: 215 } : item,
  );
  return { ...done, carried: { ...done.carried, codes, nodes: [] } };
}

function isGood<State>({ carried, members }: Run<State>): boolean {
  return carried.codes.every(({ code }) => isSuccess(code)) && members.every(isGood);
}

/** What had been done is undone; a code that says otherwise stays. */
function undo<State>(done: Run<State>): Run<State> {
  const codes = done.carried.codes.map((item, index) =>
    isSuccess(item.code) ? { ...item, code: done.irrevocable[index] ? 516 : 216 } : item,
  );
  const members = done.members.map((member) => undo(member));
  const carried = {
    ...done.carried,
    codes,
    nodes: [],
    members: members.map((member) => member.carried),
  };
  return { ...done, carried, members };
}

function skipped<State>(state: State, command: Command, code = 215): Run<State> {
  if (command.name === "Atomic" || command.name === "Sequence") {
    const members = command.commands.map((member) => skipped(state, member, code));
    return container(state, command, code, members);
  }
  return whole(state, command, code);
}

function container<State>(
  state: State,
  command: Command,
  code: number,
  members: readonly Run<State>[],
): Run<State> {
  const done = whole(state, command, code);
  const carried = { ...done.carried, members: members.map((member) => member.carried) };
  return { ...done, carried, members };
}

function whole<State>(state: State, command: Command, code: number): Run<State> {
  const codes = [{ target: undefined, code }];
  return {
    state,
    carried: { command, codes, nodes: [], members: [] },
    irrevocable: [false],
    members: [],
  };
}
