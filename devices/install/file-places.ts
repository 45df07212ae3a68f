import type { Action } from "../model/install-action.ts";
import type { FilePlace } from "../model/metric.ts";
import type { AgentInstall, Targeting } from "../model/package.ts";
import { defaultCommand } from "./default-command.ts";
import { wildcard } from "./wildcards.ts";

interface Tracked {
  readonly file: string;
  /** Where it is, the newest last: a file that is copied is in two places. */
  readonly paths: readonly string[];
  readonly targeting: Targeting;
}

/**
 * Where the revision's files are on a device when all actions were done, as far as their texts tell: what
 * programs do with files is not known, but for wceload, which deletes the CAB that it installed. [Q19]
 */
export function filePlaces(actions: readonly Action[]): readonly FilePlace[] {
  let tracked: readonly Tracked[] = [];
  for (const action of actions) {
    if (action.kind === "Download") {
      const { source: file, target, targeting } = action;
      const others = tracked.filter(
        (one) => one.file !== file || !isSame(one.targeting, targeting),
      );
      tracked = [...others, { file, paths: [target], targeting }];
      continue;
    }
    tracked = tracked.map((one) =>
      areApart(action.targeting, one.targeting)
        ? one
        : { ...one, paths: one.paths.flatMap((path) => after(action, path)) },
    );
  }
  return tracked.map(({ file, paths, targeting }) => ({
    file,
    path: paths.at(-1) ?? null,
    targeting,
  }));
}

/** The actions that put a file at a path on the device and take it away again. */
export interface Vanishing {
  /** Counts from 1, as people see steps. */
  readonly step: number;
  readonly kind: Action["kind"];
}

/** The step that leaves nothing at this path, if no later one puts a file there again. [Q19] */
export function vanishingOf(
  path: string,
  targeting: Targeting,
  { actions }: Pick<AgentInstall, "actions">,
): Vanishing | undefined {
  let gone: Vanishing | undefined;
  for (const [index, action] of actions.entries()) {
    if (areApart(action.targeting, targeting)) continue;
    if (brings(action, path)) gone = undefined;
    else if (!after(action, path).some((one) => keyOf(one) === keyOf(path))) {
      gone = { step: index + 1, kind: action.kind };
    }
  }
  return gone;
}

/** Where a file that is at a path is after the action: nowhere, at the same place, elsewhere, or at both. */
function after(action: Action, path: string): readonly string[] {
  const [folder, name] = split(path);
  switch (action.kind) {
    case "Install":
      return keyOf(action.file) === keyOf(path) && deletesFile(action) ? [] : [path];
    case "CopyFiles":
      return isMeant(action.source, path) ? [path, join(action.target, name)] : [path];
    case "MoveFiles":
      return isMeant(action.source, path) ? [join(action.target, name)] : [path];
    case "DeleteFiles":
      return isMeant(action.path, path) ? [] : [path];
    case "RenameFile":
      return keyOf(action.source) === keyOf(path) ? [join(folder, action.target)] : [path];
    case "RemoveFolder":
      return within(action.path, path) === undefined ? [path] : [];
    case "RenameFolder": {
      const rest = within(action.source, path);
      return rest === undefined ? [path] : [join(split(action.source)[0], action.target) + rest];
    }
    default:
      return [path];
  }
}

/** May leave a file at the path. */
function brings(action: Action, path: string): boolean {
  const [folder] = split(path);
  switch (action.kind) {
    case "Download":
      return keyOf(action.target) === keyOf(path);
    case "CopyFiles":
    case "MoveFiles":
      return keyOf(action.target) === keyOf(folder);
    case "RenameFile":
      return keyOf(join(split(action.source)[0], action.target)) === keyOf(path);
    case "RenameFolder":
      return within(join(split(action.source)[0], action.target), path) !== undefined;
    default:
      return false;
  }
}

/** wceload deletes the CAB unless it is told not to, even when it fails. [Q19] */
function deletesFile({ file, command }: Extract<Action, { kind: "Install" }>): boolean {
  const line = command ?? defaultCommand(file, "ce") ?? "";
  return /\bwceload(\.exe)?\b/i.test(line) && !/\/delete\s+0\b/i.test(line);
}

function isMeant(source: string, path: string): boolean {
  const [folder, pattern] = split(source);
  const [own, name] = split(path);
  return keyOf(folder) === keyOf(own) && wildcard(pattern)(name);
}

/** What follows on the folder in the path, with its separator; undefined when it is elsewhere. */
function within(folder: string, path: string): string | undefined {
  const begin = `${keyOf(folder)}\\`;
  return keyOf(path).startsWith(begin) ? path.slice(begin.length - 1) : undefined;
}

function split(path: string): readonly [folder: string, name: string] {
  const at = Math.max(path.lastIndexOf("\\"), path.lastIndexOf("/"));
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

function join(folder: string, name: string): string {
  const separator = folder.includes("/") && !folder.includes("\\") ? "/" : "\\";
  return folder.replace(/[\\/]$/, "") + separator + name;
}

/** Two spellings of one path. */
function keyOf(path: string): string {
  return path.replaceAll("/", "\\").replace(/\\$/, "").toLowerCase();
}

/** No device has both. */
function areApart(a: Targeting, b: Targeting): boolean {
  const differ = (one: string | number | null, other: string | number | null) =>
    one !== null && other !== null && String(one).toLowerCase() !== String(other).toLowerCase();
  return differ(a.cpu, b.cpu) || differ(a.osMajor, b.osMajor) || differ(a.osPlatform, b.osPlatform);
}

function isSame(a: Targeting, b: Targeting): boolean {
  return a.cpu === b.cpu && a.osMajor === b.osMajor && a.osPlatform === b.osPlatform;
}
