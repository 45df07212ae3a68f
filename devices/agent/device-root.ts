import { readdir, realpath } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { statOf } from "../durable/whole-file.ts";
import { readDevicePath } from "./device-path.ts";
import { StepError } from "./step-error.ts";

/**
 * Where the paths of packages are on this machine: `\A\B` of a device is `A/B` below its root. Letter case does
 * not count where the file system counts it, and nothing leads out of the root: not `..`, and no link.
 */
export class DeviceRoot {
  /** A folder of this machine. */
  readonly path: string;
  /** A folder plays the device: its drives are folders too. */
  readonly #isPlayed: boolean;
  readonly #agents: string | undefined;

  /**
   * @param folder undefined: the whole machine is the device
   * @param agents the agent's own folder, which is there: it is no package's to read or to change
   */
  constructor(folder: string | undefined, agents?: string) {
    this.#isPlayed = folder !== undefined;
    this.path = resolve(folder ?? "/");
    this.#agents = agents;
  }

  /**
   * The place that a path names, there or not. Its folders are followed, it itself is not: what is renamed or
   * deleted is the link.
   *
   * @throws StepError for a path that cannot be of this device
   */
  async find(text: string): Promise<string> {
    const path = readDevicePath(text);
    if ("problem" in path) throw new StepError("action-failed", path.problem);
    const parts = path.drive === null ? path.parts : this.#onDrive(path.drive, path.parts, text);
    let at = this.#start(path.drive);
    for (const part of parts) at = join(at, (await nameIn(at, part)) ?? part);
    const folder = at === this.path ? at : dirname(at);
    await this.#refuseOutside(folder, text);
    await this.#refuseAgents(at, text);
    return at;
  }

  /** Whether the agent's own folder is in this one, and would go with it. */
  async holdsAgent(folder: string): Promise<boolean> {
    return this.#agents !== undefined && isWithin(await realpath(this.#agents), folder);
  }

  /** The same for what is read or written: a link is followed, and must stay inside too. */
  async follow(text: string): Promise<string> {
    const at = await this.find(text);
    await this.#refuseOutside(at, text);
    await this.#refuseAgents(at, text);
    return at;
  }

  /** As a package would write it. */
  nameOf(place: string): string {
    const isWhole = process.platform === "win32" && !this.#isPlayed;
    return isWhole ? place : `/${relative(this.path, place)}`;
  }

  #start(drive: string | null): string {
    return process.platform === "win32" && !this.#isPlayed && drive !== null
      ? `${drive}:\\`
      : this.path;
  }

  #onDrive(drive: string, parts: readonly string[], text: string): readonly string[] {
    if (this.#isPlayed) return [drive, ...parts];
    if (process.platform === "win32") return parts;
    throw new StepError("action-failed", `this device has no drives: ${text}`);
  }

  async #refuseOutside(place: string, text: string): Promise<void> {
    if (!this.#isPlayed) return;
    const [inside, real] = await Promise.all([realpath(this.path), deepest(place)]);
    if (!isWithin(real, inside)) {
      throw new StepError("action-failed", `${text} leads out of the device by a link`);
    }
  }

  async #refuseAgents(place: string, text: string): Promise<void> {
    if (this.#agents === undefined) return;
    const [own, real] = await Promise.all([realpath(this.#agents), deepest(place)]);
    if (isWithin(real, own)) throw new StepError("action-failed", `${text} is the agent's own`);
  }
}

/** Is it this folder, or in it? Both as they really are. */
function isWithin(place: string, folder: string): boolean {
  const way = relative(folder, place);
  return way !== ".." && !way.startsWith(`..${sep}`) && resolve(folder, way) === place;
}

/** The name in a folder that is this one but for its letter case; the very name comes first. */
async function nameIn(folder: string, name: string): Promise<string | undefined> {
  if (process.platform === "win32" || (await statOf(join(folder, name)))) return name;
  try {
    const wanted = name.toLowerCase();
    const names = await readdir(folder);
    return names.sort().find((one) => one.toLowerCase() === wanted);
  } catch {
    return undefined; // No folder: nothing is in it.
  }
}

/** Where the part of a path that is there really is, with the rest behind it. */
async function deepest(place: string): Promise<string> {
  const missing: string[] = [];
  let at = place;
  while (!(await statOf(at)) && dirname(at) !== at) {
    missing.unshift(relative(dirname(at), at));
    at = dirname(at);
  }
  try {
    return join(await realpath(at), ...missing);
  } catch {
    return "/"; // A link to nothing: nobody knows where it will lead.
  }
}
