import { type ScriptStep, scriptText } from "../../protocols/wince/script.ts";
import type { Device } from "../model/device.ts";
import type { Action, Critical } from "../model/install-action.ts";
import type { Package, Revision, Targeting } from "../model/package.ts";
import { installCommand } from "./default-command.ts";
import { fillInFacts, fillInFolders, type SiteToken } from "./tokens.ts";

/** What the Device Management Client of Windows CE is given at a time: one file, and one command after it. */
export type CePart =
  | {
      readonly kind: "file";
      /** The name of one of the revision's files. */
      readonly source: string;
      readonly folder: string;
      readonly name: string;
      /** Empty: nothing is run. */
      readonly command: string;
      readonly critical: Critical;
    }
  | {
      readonly kind: "script";
      /** In the language of the client's script engine. */
      readonly text: string;
      readonly critical: Critical;
    };

export type CeReading =
  | { readonly parts: readonly CePart[] }
  /** Why the client cannot carry this out, in words. */
  | { readonly problem: string };

type CeDevice = Pick<Device, "name" | "id" | "cpu" | "osMajor" | "osVersion" | "osPlatform">;

/** Where things are on Windows CE. */
const FOLDERS = {
  PROGRAMFILES: "\\Program Files",
  WINDOWS: "\\Windows",
  STORAGECARD: "\\Storage Card",
  TEMP: "\\Temp",
} as const;
/** A program's target may be a name alone. */
const DEFAULT_FOLDER = FOLDERS.TEMP;

/**
 * Install actions as the client of Windows CE can carry them out: in parts, which are given to it one after
 * the other. A Download begins a part; an Install or a Run right after it is the part's command; all other
 * steps are a script. The client has no metrics: what is distributed is done once for each attempt.
 */
export function ceParts(
  actions: readonly Action[],
  device: CeDevice,
  revision: Pick<Revision, "version">,
  app: Pick<Package, "id">,
): CeReading {
  const reader = new PartReader(device, revision, app);
  try {
    const fitting = actions.filter(({ targeting }) => fits(device, targeting));
    return { parts: reader.read(fitting) };
  } catch (error) {
    if (error instanceof Inexpressible) return { problem: error.message };
    throw error;
  }
}

class Inexpressible extends Error {}

interface OpenFile {
  readonly kind: "file";
  readonly source: string;
  readonly target: string;
  readonly download: Critical;
  command: { readonly text: string; readonly critical: Critical } | null;
}
interface OpenScript {
  readonly kind: "script";
  readonly steps: ScriptStep[];
}

class PartReader {
  readonly #facts: Readonly<Record<SiteToken, string | null>>;
  readonly #title: string;

  constructor(device: CeDevice, revision: Pick<Revision, "version">, app: Pick<Package, "id">) {
    this.#title = `${app.id} ${revision.version}`;
    this.#facts = {
      DEVICENAME: device.name,
      DEVICEID: device.id,
      CPU: device.cpu,
      OSMAJOR: device.osMajor === null ? null : String(device.osMajor),
      OSMINOR: device.osVersion?.split(".")[1] ?? null,
      OSPLATFORM: device.osPlatform,
      PACKAGE: app.id,
      VERSION: revision.version,
    };
  }

  read(actions: readonly Action[]): CePart[] {
    const open: (OpenFile | OpenScript)[] = [];
    let owesRestart = false;
    for (const action of actions) {
      const last = open.at(-1);
      if (action.kind === "WarmBoot") owesRestart = true;
      else if (action.kind === "Download") {
        open.push({
          kind: "file",
          source: action.source,
          target: this.#path(action.target),
          download: action.critical,
          command: null,
        });
      } else if (last?.kind === "file" && this.#joins(action, last)) {
        last.command = { text: this.#commandOf(action, last), critical: action.critical };
      } else this.#addStep(open, { ...this.#step(action), restarts: owesRestart });
    }
    // The restart comes when all is done.
    if (owesRestart) this.#addStep(open, { commands: [], critical: "continue", restarts: true });
    if (open.length === 0) throw new Inexpressible("no step of it is for this device");
    return open.map((part, index) => this.#close(part, index === open.length - 1));
  }

  #addStep(open: (OpenFile | OpenScript)[], step: ScriptStep): void {
    const last = open.at(-1);
    if (last?.kind === "script") last.steps.push(step);
    else open.push({ kind: "script", steps: [step] });
  }

  /** Is it the command that follows a file? */
  #joins(action: Action, part: OpenFile): boolean {
    if (part.command !== null || part.download !== "continue only on success") return false;
    if (action.kind === "Run") return action.timeout < 0;
    if (action.kind !== "Install") return false;
    const file = this.#text(action.file).replaceAll("/", "\\").toLowerCase();
    const target = part.target.toLowerCase();
    return file === target || file === nameIn(target);
  }

  #commandOf(action: Action, part: OpenFile): string {
    if (action.kind === "Run") return this.#text(action.command);
    if (action.kind !== "Install") return "";
    return this.#installCommand(part.target.replaceAll("%", "%%"), action.command);
  }

  #installCommand(file: string, command: string | null): string {
    const made = installCommand({ file, command }, "ce");
    if ("problem" in made) throw new Inexpressible(made.problem);
    return this.#text(made.text);
  }

  #close(part: OpenFile | OpenScript, isLast: boolean): CePart {
    if (part.kind === "file") {
      return {
        kind: "file",
        source: part.source,
        folder: folderOf(part.target),
        name: nameIn(part.target),
        command: part.command?.text ?? "",
        critical: part.command?.critical ?? part.download,
      };
    }
    const guards = part.steps.some(({ critical }) => critical === "continue only on error");
    if (guards && !isLast) {
      throw new Inexpressible(
        "a step that ends the package when it succeeds has to stand after the last Download: what the client's script did cannot be told apart",
      );
    }
    // Earlier parts end without the restart that is owed at the end.
    const steps = isLast ? part.steps : part.steps.map((step) => ({ ...step, restarts: false }));
    return {
      kind: "script",
      text: scriptText(this.#title, steps),
      critical: "continue only on success",
    };
  }

  #step(action: Action): ScriptStep {
    return { commands: this.#commands(action), critical: action.critical, restarts: false };
  }

  #commands(action: Action): readonly string[] {
    switch (action.kind) {
      case "Install":
        return [`run ${absolute(this.#installCommand(action.file, action.command))}`];
      case "Uninstall":
        return [`run \\Windows\\unload.exe ${quote(this.#text(action.name))}`];
      case "Run":
        if (action.timeout > 0) {
          throw new Inexpressible("Run: the client waits until a program ends, or not at all");
        }
        return [
          `${action.timeout < 0 ? "run" : "runasync"} ${absolute(this.#text(action.command))}`,
        ];
      case "Terminate":
        throw new Inexpressible("Terminate: the client has no command that ends a program");
      case "CopyFiles":
      case "MoveFiles": {
        const source = this.#file(action.kind, action.source);
        const target = inFolder(this.#path(action.target), nameIn(source));
        const copy = `copy ${quote(source)} ${quote(target)}`;
        return action.kind === "MoveFiles" ? [copy, `delete ${quote(source)}`] : [copy];
      }
      case "DeleteFiles":
        return [`delete ${quote(this.#file(action.kind, action.path))}`];
      case "RenameFile":
      case "RenameFolder": {
        const source = this.#path(action.source);
        const target = inFolder(folderOf(source), this.#text(action.target));
        return [`rename ${quote(source)} ${quote(target)}`];
      }
      case "CreateFolder":
        return [`mkdir ${quote(this.#path(action.path))}`];
      case "RemoveFolder":
        return [`delete ${quote(this.#path(action.path))}`];
      case "Download":
      case "WarmBoot":
        return [];
    }
  }

  /** A path without wildcards: the client's commands take one file or one folder. */
  #file(kind: string, text: string): string {
    const path = this.#path(text);
    if (/[*?]/.test(path)) {
      throw new Inexpressible(
        `${kind}: the client takes one file or folder, no wildcards: ${text}`,
      );
    }
    return path;
  }

  #path(text: string): string {
    const path = this.#text(text).replaceAll("/", "\\");
    return path.startsWith("\\") ? path : `${DEFAULT_FOLDER}\\${path}`;
  }

  #text(text: string): string {
    const known = fillInFacts(text, this.#facts);
    if ("problem" in known) throw new Inexpressible(known.problem);
    const whole = fillInFolders(known.text, FOLDERS);
    if ("problem" in whole) throw new Inexpressible(whole.problem);
    return whole.text;
  }
}

/** What is not known of a device does not speak against it. [Q14] */
function fits(device: CeDevice, { cpu, osMajor, osPlatform }: Targeting): boolean {
  const isSame = (actual: string | null, wanted: string | null) =>
    actual === null || wanted === null || actual.toLowerCase() === wanted.toLowerCase();
  return (
    isSame(device.cpu, cpu) &&
    isSame(device.osPlatform, osPlatform) &&
    (device.osMajor === null || osMajor === null || device.osMajor === osMajor)
  );
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("\\") + 1);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("\\")) || "\\";
}

export function inFolder(folder: string, name: string): string {
  return `${folder.replace(/\\+$/, "")}\\${name}`;
}

function quote(text: string): string {
  return /\s/.test(text) ? `"${text}"` : text;
}

/** The script engine wants a program's whole path; what Windows brings is in its folder. */
function absolute(command: string): string {
  return /^"?\\/.test(command) ? command : command.replace(/^"?/, (mark) => `${mark}\\Windows\\`);
}
