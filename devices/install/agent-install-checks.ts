import type { FieldError } from "../model/errors.ts";
import type { Action } from "../model/install-action.ts";
import type { AgentInstall, PackageFile } from "../model/package.ts";
import { hasDefaultCommand } from "./default-command.ts";
import { vanishingOf } from "./file-places.ts";

type Given = Pick<AgentInstall, "files" | "actions" | "uninstall">;

/** What is wrong with install actions beyond the form of each: pointers are into the `AgentInstall`. */
export function agentInstallProblems({ files, actions, uninstall }: Given): readonly FieldError[] {
  return [
    ...duplicateNames(files).map(({ pointer, message }) => ({
      pointer: `/files${pointer}`,
      message,
    })),
    ...actions.flatMap((action, n) => actionProblems(action, `/actions/${n}`, files)),
    ...uninstall.flatMap((action, n) => actionProblems(action, `/uninstall/${n}`, files)),
  ];
}

/** Two files of one name, which Windows does not tell apart in another letter case either. */
export function duplicateNames(files: readonly PackageFile[]): readonly FieldError[] {
  const seen = new Set<string>();
  return files.flatMap(({ name }, n) => {
    const known = name.toLowerCase();
    if (!seen.has(known)) {
      seen.add(known);
      return [];
    }
    return [{ pointer: `/${n}/name`, message: `there is another file called ${name}` }];
  });
}

function actionProblems(
  action: Action,
  at: string,
  files: readonly PackageFile[],
): readonly FieldError[] {
  switch (action.kind) {
    case "Download": {
      const isFile = files.some(({ name }) => name === action.source);
      return isFile ? [] : [{ pointer: `${at}/source`, message: noFile(action.source, files) }];
    }
    case "Install": {
      if (action.command !== null || hasDefaultCommand(action.file)) return [];
      const message = `there is no usual way to install ${action.file}: name a command`;
      return [{ pointer: `${at}/command`, message }];
    }
    default:
      return [];
  }
}

/** What is not wrong, but not what anybody wants. [Q19] */
export function metricNotes({
  actions,
  metrics,
}: Pick<AgentInstall, "actions" | "metrics">): readonly string[] {
  return metrics.flatMap(({ number, file, targeting }) => {
    const gone = vanishingOf(file, targeting, { actions });
    if (gone === undefined) return [];
    const [way, instead] =
      gone.kind === "Install"
        ? [
            "wceload deletes what it installed",
            "a file inside the CAB (virtual file), at its place on the device",
          ]
        : ["nothing is left there", "a file that stays"];
    return [
      `Metric ${number} looks at ${file}, but after step ${gone.step} (${gone.kind}) ${way}: it will never ` +
        `hold, and the package will be installed again in every window. Compare ${instead}.`,
    ];
  });
}

/** For a name that is none of a revision's files. */
export function noFile(name: string, files: readonly PackageFile[]): string {
  const names = files.map((file) => file.name).join(", ");
  return names === ""
    ? `${name} is no file of the revision: upload it and list it in files`
    : `${name} is no file of the revision: use one of ${names}`;
}
