import type { Command, ContainerCommand, ItemsCommand } from "../syncml/message.ts";
import { isSuccess } from "../syncml/statuses.ts";

/**
 * A device's management tree, as a value: executing a command gives the next state, so that an
 * Atomic is undone by keeping the state from before.
 */
export interface ManagementTree<State> {
  /** Carries one item of one command out. A command that fails must leave the state as it was. */
  execute(state: State, request: TreeRequest): TreeReply<State>;
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
}

/**
 * Carries a command of the server out on the device's tree. [syncml 3.3, 3.6, 3.9]
 *
 * An Atomic whose member fails leaves the state as it was: the Atomic says 507, the culprit its own
 * code, what was undone 216 (516 where it could not be), and what was not reached 215. A Sequence
 * says 200 and goes on after a failure.
 */
export function carryOut<State>(
  tree: ManagementTree<State>,
  state: State,
  command: Command,
): CarriedOut<State> {
  const done = run(tree, state, command);
  return { state: done.state, carried: done.carried };
}

interface Run<State> extends CarriedOut<State> {
  /** Parallel to `carried.codes`: which items cannot be undone. */
  readonly irrevocable: readonly boolean[];
  readonly members: readonly Run<State>[];
}

function run<State>(tree: ManagementTree<State>, state: State, command: Command): Run<State> {
  switch (command.name) {
    case "Atomic":
      return runAtomic(tree, state, command);
    case "Sequence":
      return runSequence(tree, state, command);
    case "Add":
    case "Delete":
    case "Exec":
    case "Get":
    case "Replace":
      return runItems(tree, state, command, command.name);
    case "Alert":
    case "Copy":
      return whole(state, command, 406); // Optional in OMA DM, and no device of ours has them.
    default:
      return whole(state, command, 501);
  }
}

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
  for (const { target, meta, data } of command.items) {
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

function runSequence<State>(
  tree: ManagementTree<State>,
  before: State,
  command: ContainerCommand,
): Run<State> {
  let state = before;
  const members = command.commands.map((member) => {
    const done = run(tree, state, member);
    state = done.state;
    return done;
  });
  return container(state, command, 200, members);
}

function runAtomic<State>(
  tree: ManagementTree<State>,
  before: State,
  command: ContainerCommand,
): Run<State> {
  let state = before;
  const done: Run<State>[] = [];
  for (const member of command.commands) {
    const next = runMember(tree, state, member);
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
function runMember<State>(tree: ManagementTree<State>, state: State, member: Command): Run<State> {
  const done = run(tree, state, member);
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

function skipped<State>(state: State, command: Command): Run<State> {
  if (command.name === "Atomic" || command.name === "Sequence") {
    return container(
      state,
      command,
      215,
      command.commands.map((member) => skipped(state, member)),
    );
  }
  return whole(state, command, 215);
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
