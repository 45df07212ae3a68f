import type { ActionKind } from "../../devices/model/install-action.ts";

/** Each kind of action once, in the document's order, with nothing said that may be left out. */
export function thirteenActions(files: {
  readonly download: string;
}): readonly ({ readonly kind: ActionKind } & Readonly<Record<string, string>>)[] {
  const folder = "\\Program Files\\My App";
  return [
    { kind: "Download", source: files.download, target: `%TEMP%\\My App\\${files.download}` },
    { kind: "Install", file: "\\Storage Card\\My App\\whatever.cab" },
    { kind: "Uninstall", name: "Contoso My App" },
    { kind: "WarmBoot" },
    { kind: "Run", command: `${folder}\\run.exe /q "%DEVICENAME%"` },
    { kind: "Terminate", modules: "c*.*" },
    { kind: "CopyFiles", source: "%TEMP%\\My App\\*.*", target: folder },
    { kind: "MoveFiles", source: "%TEMP%\\My App\\*.dat", target: folder },
    { kind: "DeleteFiles", path: "%TEMP%\\My App\\*" },
    { kind: "RenameFile", source: `${folder}\\a.txt`, target: "b.txt" },
    { kind: "CreateFolder", path: `${folder}\\data` },
    { kind: "RemoveFolder", path: `${folder}\\old` },
    { kind: "RenameFolder", source: `${folder}\\data`, target: "data-%VERSION%" },
  ];
}
