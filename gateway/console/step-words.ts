import { defaultCommand, SYSTEM_FAMILIES } from "../../devices/install/default-command.ts";
import type { Action, ActionKind, Critical } from "../../devices/model/install-action.ts";
import type { Metric, Operator } from "../../devices/model/metric.ts";
import type { Targeting } from "../../devices/model/package.ts";
import { countWords } from "./time-words.ts";

/** What a step is called where it is chosen. */
export const KIND_WORDS: Readonly<Record<ActionKind, string>> = {
  Download: "Download a file",
  Install: "Install a file",
  Uninstall: "Uninstall a program",
  WarmBoot: "Restart the device",
  Run: "Run a program",
  Terminate: "End programs",
  CopyFiles: "Copy files",
  MoveFiles: "Move files",
  DeleteFiles: "Delete files",
  RenameFile: "Rename a file",
  CreateFolder: "Create a folder",
  RemoveFolder: "Remove a folder",
  RenameFolder: "Rename a folder",
};

export const CRITICAL_WORDS: Readonly<Record<Critical, string>> = {
  "continue only on success": "only if this one succeeds",
  continue: "whatever this one comes to",
  "continue only on error": "only if this one fails",
};

/** What a step does, as a sentence. */
export function actionWords(action: Action): string {
  switch (action.kind) {
    case "Download":
      return `Fetch ${action.source} to ${action.target}, where it is not as it should be.`;
    case "Install":
      return `Install ${action.file} with ${commandWords(action)}.`;
    case "Uninstall":
      return `Uninstall the program ${action.name}.`;
    case "WarmBoot":
      return "Restart the device when all steps of this version are done.";
    case "Run":
      return `Run ${action.command}, and ${timeoutWords(action.timeout)}.`;
    case "Terminate":
      return `End ${action.modules}; it is an error when nothing of that name runs.`;
    case "CopyFiles":
      return `Copy ${action.source} into ${action.target}.`;
    case "MoveFiles":
      return `Move ${action.source} into ${action.target}.`;
    case "DeleteFiles":
      return `Delete ${action.path}.`;
    case "RenameFile":
    case "RenameFolder":
      return `Rename ${action.source} to ${action.target}.`;
    case "CreateFolder":
      return `Create the folder ${action.path}, unless it is there.`;
    case "RemoveFolder":
      return `Remove the folder ${action.path} with all that is in it.`;
  }
}

function commandWords({ command, file }: Extract<Action, { kind: "Install" }>): string {
  if (command !== null) return command;
  const usual = SYSTEM_FAMILIES.map((family) => defaultCommand(file, family));
  return `the usual command, ${usual.find((one) => one !== undefined) ?? "of which there is none"}`;
}

function timeoutWords(timeout: number): string {
  if (timeout < 0) return "wait until it ends";
  if (timeout === 0) return "do not wait for it";
  return `go on after ${countWords(timeout)} ms at the latest`;
}

/** What a metric asks for, as a sentence. */
export function metricWords(metric: Metric): string {
  switch (metric.kind) {
    case "FileHash":
      return "has the MD5";
    case "FileSize":
      return `has a size ${OPERATOR_WORDS[metric.operator]}`;
    case "FileVersion": {
      const version = metric.field === "File" ? "file version" : "product version";
      const part = metric.part === null ? "" : ` (${metric.part} alone)`;
      return `has a ${version}${part} ${OPERATOR_WORDS[metric.operator]}`;
    }
  }
}

export const OPERATOR_WORDS: Readonly<Record<Operator, string>> = {
  EQ: "equal to",
  NE: "other than",
  GT: "above",
  LT: "below",
  GE: "of at least",
  LE: "of at most",
};

/** Null for every device. */
export function targetWords({ cpu, osMajor, osPlatform }: Targeting): string | null {
  const parts = [osPlatform, osMajor === null ? null : `major version ${osMajor}`, cpu];
  const said = parts.filter((part) => part !== null);
  return said.length === 0 ? null : said.join(", ");
}
