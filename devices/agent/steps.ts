import { chmod, mkdir, open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PlanFile, PlanStep, PlanWork } from "../../protocols/agent/answers.ts";
import { moveWhole, statOf } from "../durable/whole-file.ts";
import { fillInFolders } from "../install/tokens.ts";
import type { AgentClock } from "./agent-clock.ts";
import type { DeviceRoot } from "./device-root.ts";
import { download, type Fetch, forgetDownload, refuseWithoutRoom, sha256Of } from "./download.ts";
import { performFiles, prepareFiles } from "./file-actions.ts";
import type { Machine } from "./machine.ts";
import { performProgram, prepareProgram } from "./programs.ts";
import type { Outcome, StepTask } from "./run.ts";
import { StepError } from "./step-error.ts";
import { performTerminate, prepareTerminate } from "./terminate.ts";

/** What steps act on. */
export interface Surroundings {
  readonly root: DeviceRoot;
  readonly machine: Machine;
  readonly clock: AgentClock;
  /** The agent's own folder: downloads gather there. */
  readonly folder: string;
  readonly fetch: Fetch;
  readonly random: () => number;
  /** Where a file can be had now. */
  readonly urlOf: (file: PlanFile) => string | undefined;
  readonly progress: (name: string, done: number, total: number) => void;
}

/**
 * Finds out what exactly a step will do, and changes nothing.
 *
 * @throws StepError when it cannot be carried out
 */
export async function prepareStep(
  step: PlanStep,
  work: PlanWork,
  { root, machine }: Surroundings,
): Promise<StepTask> {
  switch (step.kind) {
    case "Download":
      if (!work.files.some(({ name }) => name === step.source)) {
        throw new StepError("download-failed", `the site does not offer ${step.source}`);
      }
      await root.follow(filled(step.target, machine));
      return { kind: "download" };
    case "Install": {
      const file = filled(step.file, machine);
      const command = filled(step.command, machine);
      const task = await prepareProgram({ command, timeout: -1, file }, root, machine);
      await refuseChanged([await root.follow(file), task.program], step, work, { root, machine });
      return task;
    }
    case "Run": {
      const { command, timeout } = step;
      const line = { command: filled(command, machine), timeout, file: null };
      const task = await prepareProgram(line, root, machine);
      await refuseChanged([task.program], step, work, { root, machine });
      return task;
    }
    case "Uninstall": {
      const found = await machine.uninstaller(step.name);
      if (!found) throw new StepError("action-failed", `${step.name} is not installed`);
      const { program, args } = found;
      return { kind: "program", program, args: [...args], folder: root.path, timeout: -1 };
    }
    case "Terminate":
      return await prepareTerminate(filled(step.modules, machine), machine);
    case "CopyFiles":
    case "MoveFiles":
    case "RenameFile":
    case "RenameFolder": {
      const source = filled(step.source, machine);
      const task = { ...step, source, target: filled(step.target, machine) };
      return mutable(await prepareFiles(task, root));
    }
    case "DeleteFiles":
    case "CreateFolder":
    case "RemoveFolder":
      return mutable(await prepareFiles({ ...step, path: filled(step.path, machine) }, root));
    case "WarmBoot":
      throw new Error("invariant broken: a restart comes when the package is done");
  }
}

/**
 * What the package downloaded is started and installed as it was downloaded. [4.10]
 *
 * @throws StepError `checksum-failed` when something else is in its place
 */
async function refuseChanged(
  places: readonly string[],
  { index }: PlanStep,
  { steps, files }: PlanWork,
  { root, machine }: Pick<Surroundings, "root" | "machine">,
): Promise<void> {
  for (const step of steps) {
    if (step.kind !== "Download" || step.index >= index || step.skip || step.problem) continue;
    const place = await root.follow(filled(step.target, machine));
    const file = files.find(({ name }) => name === step.source);
    if (!file || !places.includes(place) || (await sha256Of(place)) === file.sha256) continue;
    throw new StepError(
      "checksum-failed",
      `${step.target} is not what the site has as ${file.name}`,
    );
  }
}

/**
 * Carries out what was prepared. After an interruption it is called again with the same task, but never for
 * a program.
 *
 * @throws StepError; the signal's reason
 */
export async function performStep(
  step: PlanStep,
  task: StepTask,
  work: PlanWork,
  around: Surroundings,
  signal: AbortSignal,
): Promise<Outcome> {
  switch (task.kind) {
    case "download": {
      const file = work.files.find(({ name }) => step.kind === "Download" && name === step.source);
      if (!file || step.kind !== "Download") throw new Error("invariant broken: no such download");
      return await fetchTo(file, filled(step.target, around.machine), around, signal);
    }
    case "program": {
      const output = join(around.folder, "output.txt");
      return await performProgram(task, { ...around, output, signal });
    }
    case "terminate":
      return { kind: "succeeded", text: await performTerminate(task, around.machine) };
    default:
      await performFiles(task);
      return { kind: "succeeded" };
  }
}

export function partOf(folder: string, { sha256 }: PlanFile): string {
  return join(folder, "downloads", sha256);
}

/** The file at its target: only when it is whole and verified. */
async function fetchTo(
  file: PlanFile,
  target: string,
  { root, folder, urlOf, progress, fetch, clock, random }: Surroundings,
  signal: AbortSignal,
): Promise<Outcome> {
  const place = await root.follow(target);
  const there = await statOf(place);
  if (there?.isDirectory()) throw new StepError("action-failed", `${target} is a folder`);
  if (there?.size === file.bytes && (await sha256Of(place)) === file.sha256) {
    return { kind: "succeeded", text: "it is there already" };
  }
  const part = partOf(folder, file);
  await mkdir(dirname(part), { recursive: true });
  await download(file, {
    part,
    url: () => urlOf(file),
    fetch,
    clock,
    random,
    signal,
    progress: (done, total) => progress(file.name, done, total),
  });
  await mkdir(dirname(place), { recursive: true });
  // On the same disk it is moved: it need not be there twice.
  const [from, to] = await Promise.all([stat(part), stat(dirname(place))]);
  if (from.dev !== to.dev) await refuseWithoutRoom(dirname(place), file.bytes);
  await chmod(part, (await isExecutable(part)) ? 0o755 : 0o644);
  await moveWhole(part, place);
  await forgetDownload(part);
  return { kind: "succeeded" };
}

/** On Windows every program can be started: so can one here that was downloaded. */
async function isExecutable(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(4);
    await file.read(bytes, 0, 4, 0);
    return (
      bytes.subarray(0, 2).toString("latin1") === "#!" || bytes.toString("latin1") === "\x7fELF"
    );
  } finally {
    await file.close();
  }
}

/** @throws StepError when a token cannot be filled in */
export function filled(text: string, { folders }: Machine): string {
  const made = fillInFolders(text, folders);
  if ("problem" in made) throw new StepError("action-failed", made.problem);
  return made.text;
}

function mutable(task: Awaited<ReturnType<typeof prepareFiles>>): StepTask {
  return { kind: task.kind, items: task.items.map((item) => ({ ...item })) };
}
