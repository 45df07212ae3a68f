import { access, constants } from "node:fs/promises";
import { dirname, join } from "node:path";
import { statOf } from "../durable/whole-file.ts";
import type { AgentClock } from "./agent-clock.ts";
import { splitCommand } from "./command-line.ts";
import type { DeviceRoot } from "./device-root.ts";
import type { Machine } from "./machine.ts";
import { ProgramOutput } from "./program-output.ts";
import type { Outcome, ProgramTask } from "./run.ts";
import { StepError } from "./step-error.ts";

/** Of Windows installers: done, and a restart is asked for, or has begun. */
const DONE_BUT_RESTART: ReadonlySet<number> = new Set([3010, 1641]);

/** The longest that a timer of the engine waits: 24 days. */
const SLEEP_MS_MAX = 2 ** 31 - 1;

interface Given {
  readonly command: string;
  /** Milliseconds. [Q15] */
  readonly timeout: number;
  /** An Install's: it runs in this file's folder, and its path in the command is the place on this machine. */
  readonly file: string | null;
}

/**
 * What a command line starts, found out before it is started.
 *
 * @throws StepError `launch-failed` when there is no such program
 */
export async function prepareProgram(
  { command, timeout, file }: Given,
  root: DeviceRoot,
  machine: Machine,
): Promise<ProgramTask> {
  const line = await splitCommand(
    command,
    machine.quoting,
    async (text) => (await findProgram(text, root)) !== undefined,
  );
  if ("problem" in line) throw new StepError("launch-failed", line.problem);
  const program = await findProgram(line.program, root);
  if (program === undefined) {
    throw new StepError("launch-failed", `${line.program} is not on this device`);
  }
  if (file === null) {
    const folder = isPath(line.program) ? dirname(program) : root.path;
    return { kind: "program", program, args: [...line.args], folder, timeout };
  }
  const place = await root.follow(file);
  if (!(await statOf(place))) throw new StepError("action-failed", `${file} is not there`);
  const args = line.args.map((arg) => (arg === file ? place : arg));
  return { kind: "program", program, args, folder: dirname(place), timeout };
}

/**
 * Starts it and waits as long as the step says.
 *
 * @param output a file for what it writes while it is waited for
 * @throws StepError `launch-failed`; the signal's reason when the agent is to end meanwhile
 */
export async function performProgram(
  { program, args, folder, timeout }: ProgramTask,
  { machine, clock, output, signal }: ProgramSurroundings,
): Promise<Outcome> {
  // Nobody knows how much one writes that is left alone.
  using heard = timeout < 0 ? new ProgramOutput(output) : undefined;
  const start = { program, args, folder, output: heard ? output : null };
  const started = await machine.start(start).catch((cause) => {
    throw new StepError("launch-failed", `${program} cannot be started: ${message(cause)}`);
  });
  if (timeout === 0) {
    started.leave();
    return { kind: "left-running", timedOut: false };
  }
  const code = await ended(started.exited, timeout, clock, signal);
  if (code === "still running") {
    started.leave();
    return { kind: "left-running", timedOut: true };
  }
  if (code === 0) return { kind: "succeeded", exitCode: 0 };
  if (code !== null && machine.quoting === "windows" && DONE_BUT_RESTART.has(code)) {
    return { kind: "succeeded", exitCode: code, text: "it asks for a restart of the device" };
  }
  const said = heard?.tail() ?? "";
  const how = code === null ? "was ended by a signal" : `ended with ${code}`;
  return {
    kind: "failed",
    result: "action-failed",
    text: `${program} ${how}${said === "" ? "" : `: ${said}`}`,
    ...(code !== null && { exitCode: code }),
  };
}

export interface ProgramSurroundings {
  readonly machine: Machine;
  readonly clock: AgentClock;
  readonly output: string;
  readonly signal: AbortSignal;
}

async function ended(
  exited: Promise<number | null>,
  timeout: number,
  clock: AgentClock,
  signal: AbortSignal,
): Promise<number | null | "still running"> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const late =
    timeout > 0
      ? clock.sleep(Math.min(timeout, SLEEP_MS_MAX), either).then(() => "still running" as const)
      : new Promise<never>((_, reject) => {
          either.addEventListener("abort", () => reject(either.reason), { once: true });
        });
  try {
    signal.throwIfAborted();
    return await Promise.race([exited, late]);
  } finally {
    late.catch(() => undefined); // Nobody waits for it any more.
    done.abort();
  }
}

/** A path is looked for on the device; a name alone in its `\Windows`, then where this machine has its programs. */
export async function findProgram(text: string, root: DeviceRoot): Promise<string | undefined> {
  if (isPath(text)) return await fileAt(text, root);
  return (
    (await fileAt(join("\\Windows", text).replace("/", "\\"), root)) ?? Bun.which(text) ?? undefined
  );
}

async function fileAt(text: string, root: DeviceRoot): Promise<string | undefined> {
  for (const name of process.platform === "win32" ? [text, `${text}.exe`] : [text]) {
    try {
      const place = await root.follow(name);
      await access(place, constants.R_OK);
      if (!(await isFolder(place))) return place;
    } catch {
      // Not there, or not of this device: it is no program.
    }
  }
  return undefined;
}

async function isFolder(place: string): Promise<boolean> {
  return (await statOf(`${place}/.`)) !== undefined;
}

const isPath = (text: string) => /[\\/]/.test(text) || /^[A-Za-z]:/.test(text);

const message = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
