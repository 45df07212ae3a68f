import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { PlanStep } from "../../protocols/agent/answers.ts";
import { syncFolder } from "../durable/sync-to-disk.ts";
import { copyWhole, makeFolder, moveWhole, PARTIAL_PREFIX, statOf } from "../durable/whole-file.ts";
import { hasWildcard, wildcard } from "../install/wildcards.ts";
import { isNameAlone } from "./device-path.ts";
import type { DeviceRoot } from "./device-root.ts";
import { StepError } from "./step-error.ts";

/** Steps that change nothing but files and folders. */
export type FileStep = Extract<
  PlanStep,
  {
    kind:
      | "CopyFiles"
      | "MoveFiles"
      | "DeleteFiles"
      | "RenameFile"
      | "RenameFolder"
      | "CreateFolder"
      | "RemoveFolder";
  }
>;

/**
 * What exactly such a step is going to do, found out before it does anything and kept on disk: so a step that
 * was interrupted is done again to the same end, whatever part of it was done already.
 */
export interface FileTask {
  readonly kind: "copy" | "move" | "delete" | "rename" | "create" | "remove";
  /** Places of this machine. `to` is null where nothing comes of it. */
  readonly items: readonly { readonly from: string; readonly to: string | null }[];
}

/** @throws StepError when the step cannot be carried out; nothing was changed then */
export async function prepareFiles(step: FileStep, root: DeviceRoot): Promise<FileTask> {
  switch (step.kind) {
    case "CopyFiles":
    case "MoveFiles": {
      const sources = await matching(step.source, root, isContent);
      const target = await root.follow(step.target);
      if (!(await isFolder(target))) throw failed(`${step.target} is no folder that is there`);
      if (sources.some((source) => dirname(source) === target)) {
        throw failed(`${step.source} and ${step.target} are the same folder`);
      }
      const items = [];
      for (const from of sources) {
        await root.follow(root.nameOf(from)); // A link must not fetch what is outside.
        if (!(await isContent(from))) throw failed(`${basename(from)} has no content of its own`);
        const to = await root.find(root.nameOf(join(target, basename(from))));
        if (await isFolder(to)) throw failed(`${basename(from)} is a folder in ${step.target}`);
        items.push({ from, to });
      }
      return { kind: step.kind === "CopyFiles" ? "copy" : "move", items };
    }
    case "DeleteFiles":
      return { kind: "delete", items: (await matching(step.path, root, isNoFolder)).map(alone) };
    case "RenameFile":
    case "RenameFolder":
      return await prepareRename(step, root);
    case "CreateFolder": {
      const folder = await root.follow(step.path);
      const there = await statOf(folder);
      if (there && !(await isFolder(folder))) throw failed(`${step.path} is a file`);
      return { kind: "create", items: [alone(folder)] };
    }
    case "RemoveFolder": {
      const folder = await root.find(step.path);
      if (folder === root.path) throw failed("the root of the device is never removed");
      const there = await statOf(folder);
      if (!there) throw failed(`${step.path} is not there`);
      if (!there.isDirectory()) throw failed(`${step.path} is no folder`);
      if (await root.holdsAgent(folder)) throw failed(`the agent's own folder is in ${step.path}`);
      return { kind: "remove", items: [alone(folder)] };
    }
  }
}

/** Carries it out. Doing it again after it was interrupted comes to the same end. */
export async function performFiles({ kind, items }: FileTask): Promise<void> {
  for (const { from, to } of items) {
    if (to !== null) await (kind === "copy" ? copyWhole(from, to) : moveOnce(from, to));
    else if (kind === "create") await makeFolder(from);
    else await rm(from, { recursive: kind === "remove", force: true });
  }
  if (kind !== "delete" && kind !== "remove") return;
  const folders = new Set(items.map(({ from }) => dirname(from)));
  for (const folder of folders) if (await statOf(folder)) await syncFolder(folder);
}

/** The file is at its target already when a step was interrupted behind it. */
async function moveOnce(source: string, target: string): Promise<void> {
  if ((await statOf(source)) || !(await statOf(target))) await moveWhole(source, target);
}

async function prepareRename(
  { kind, source, target }: Extract<FileStep, { kind: "RenameFile" | "RenameFolder" }>,
  root: DeviceRoot,
): Promise<FileTask> {
  if (!isNameAlone(target)) throw failed(`${target} is no name alone: it has a folder in it`);
  const from = await root.find(source);
  if (from === root.path) throw failed("the root of the device has no name");
  const there = await statOf(from);
  if (!there) throw failed(`${source} is not there`);
  if (there.isDirectory() !== (kind === "RenameFolder")) {
    throw failed(`${source} is a ${there.isDirectory() ? "folder" : "file"}`);
  }
  if (await root.holdsAgent(from)) throw failed(`the agent's own folder is in ${source}`);
  const wanted = join(dirname(from), target);
  const taken = await root.find(root.nameOf(wanted));
  // Another letter case of its own name is free.
  if (taken !== from && (await statOf(taken))) throw failed(`there is a ${target} already`);
  if (taken === from && wanted === from) throw failed(`${source} has this name already`);
  return { kind: "rename", items: [{ from, to: wanted }] };
}

/** The files, in order, that a path fits. None is an error: one rule for all actions. [Q25] */
async function matching(
  text: string,
  root: DeviceRoot,
  isMeant: (place: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const [folderText, name] = parted(text);
  if (hasWildcard(folderText)) throw failed(`${text}: wildcards are for names, not for folders`);
  if (!hasWildcard(name)) {
    const file = await root.find(text);
    const there = await statOf(file);
    if (!there) throw failed(`${text} is not there`);
    if (there.isDirectory()) throw failed(`${text} is a folder`);
    return [file];
  }
  const folder = await root.follow(folderText || "/");
  const names = (await isFolder(folder)) ? await readdir(folder) : [];
  const fitting = names
    .filter((one) => !one.startsWith(PARTIAL_PREFIX))
    .filter(wildcard(name))
    .sort();
  const files: string[] = [];
  for (const one of fitting) if (await isMeant(join(folder, one))) files.push(join(folder, one));
  if (files.length === 0) throw failed(`no file fits ${text}`);
  return files;
}

/** What can be copied: neither a folder, nor a pipe or device, whose bytes never end. */
async function isContent(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isFile();
  } catch {
    return false; // A link to nothing.
  }
}

async function isNoFolder(place: string): Promise<boolean> {
  return !(await isFolder(place));
}

function parted(text: string): readonly [string, string] {
  const at = Math.max(text.lastIndexOf("\\"), text.lastIndexOf("/")) + 1;
  return [text.slice(0, at), text.slice(at)];
}

const alone = (from: string) => ({ from, to: null });

/** A link to a folder is one. */
async function isFolder(place: string): Promise<boolean> {
  try {
    return (await stat(place)).isDirectory();
  } catch {
    return false; // Nothing there, or a link to nothing.
  }
}

const failed = (text: string) => new StepError("action-failed", text);
