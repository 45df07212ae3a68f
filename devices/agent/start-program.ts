import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ProgramStart, StartedProgram } from "./machine.ts";

/**
 * Starts a program in a group of its own: what ends the agent does not end what it began.
 *
 * @throws Error when there is no such program, or it is none
 */
export async function startProgram({
  program,
  args,
  folder,
  output,
}: ProgramStart): Promise<StartedProgram> {
  const file = output === null ? undefined : openSync(output, "a", 0o600);
  try {
    const child = spawn(program, args, {
      cwd: folder,
      detached: true,
      stdio: ["ignore", file ?? "ignore", file ?? "ignore"],
    });
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return { exited, leave: () => child.unref() };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Runs a program of the system to its end and gives what it writes. @throws Error when it fails */
export async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${err.trim().slice(0, 300)}`);
  return out;
}
