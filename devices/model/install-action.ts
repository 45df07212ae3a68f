import type { Targeting } from "./package.ts";

/** Whether the following steps run, by the result of this one. [A-002..A-006] */
export const CRITICAL = ["continue only on success", "continue", "continue only on error"] as const;
export type Critical = (typeof CRITICAL)[number];
export const CRITICAL_DEFAULT: Critical = "continue only on success";

/** Waits for the program without end. */
export const TIMEOUT_DEFAULT = -1;

/** What every action has. Targeting: a step that is not for a device is skipped on it. [Q14] */
interface ActionSettings {
  readonly critical: Critical;
  readonly targeting: Targeting;
}

/** Fetches a file of the revision to the device, where the metrics ask for it. [A-015..A-022] */
export interface DownloadAction extends ActionSettings {
  readonly kind: "Download";
  /** The name of one of the revision's files. */
  readonly source: string;
  /** Path and file name on the device; tokens are substituted. */
  readonly target: string;
}

/** Installs a file that is on the device. [A-023..A-029] */
export interface InstallAction extends ActionSettings {
  readonly kind: "Install";
  readonly file: string;
  /** `%1` stands for the file; null: the default for the file's kind. [A-128, Q18] */
  readonly command: string | null;
}

/** Takes an application off the device, by its name in the list of installed programs. [A-030..A-034] */
export interface UninstallAction extends ActionSettings {
  readonly kind: "Uninstall";
  readonly name: string;
}

/** Restarts the device when the package is done. [A-035..A-040, Q16] */
export interface WarmBootAction extends ActionSettings {
  readonly kind: "WarmBoot";
}

/** Runs a program that is on the device. [A-041..A-051] */
export interface RunAction extends ActionSettings {
  readonly kind: "Run";
  readonly command: string;
  /** Milliseconds. Below 0: waits until it ends; 0: does not wait; else goes on after so long. [Q15] */
  readonly timeout: number;
}

/** Ends programs by the name of their executable, wildcards allowed. [A-052..A-057, Q25] */
export interface TerminateAction extends ActionSettings {
  readonly kind: "Terminate";
  readonly modules: string;
}

/** Source: wildcards allowed. Target: a folder that is there. [A-058..A-068, Q25, Q26] */
export interface CopyFilesAction extends ActionSettings {
  readonly kind: "CopyFiles" | "MoveFiles";
  readonly source: string;
  readonly target: string;
}

/** Path: wildcards allowed. [A-069..A-072] */
export interface DeleteFilesAction extends ActionSettings {
  readonly kind: "DeleteFiles";
  readonly path: string;
}

/** Target: a name alone, that is not there yet. [A-073..A-078, A-088..A-092] */
export interface RenameAction extends ActionSettings {
  readonly kind: "RenameFile" | "RenameFolder";
  readonly source: string;
  readonly target: string;
}

/** Path: of a folder; all that is in it goes with it. [A-079..A-087] */
export interface FolderAction extends ActionSettings {
  readonly kind: "CreateFolder" | "RemoveFolder";
  readonly path: string;
}

/** One step of a package, with what the document calls its settings and parameters. */
export type Action =
  | DownloadAction
  | InstallAction
  | UninstallAction
  | WarmBootAction
  | RunAction
  | TerminateAction
  | CopyFilesAction
  | DeleteFilesAction
  | RenameAction
  | FolderAction;

export type ActionKind = Action["kind"];

/** In the document's order. */
export const ACTION_KINDS = [
  "Download",
  "Install",
  "Uninstall",
  "WarmBoot",
  "Run",
  "Terminate",
  "CopyFiles",
  "MoveFiles",
  "DeleteFiles",
  "RenameFile",
  "CreateFolder",
  "RemoveFolder",
  "RenameFolder",
] as const satisfies readonly ActionKind[];

/** Milliseconds: about 24 days, the longest that timers of a program can wait. */
export const RUN_TIMEOUT_MS_MAX = 2 ** 31 - 1;
export const ACTIONS_MAX = 100;
export const PATH_CHARACTERS_MAX = 1_000;
