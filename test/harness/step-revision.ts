import type { RevisionId } from "../../devices/model/ids.ts";
import type { Revision } from "../../devices/model/package.ts";
import { GivenAction } from "../../gateway/http/schemas/agent-install.ts";
import { thirteenActions } from "./thirteen-actions.ts";

/** A version of every kind of step, with a metric of each kind; one of them can never hold. */
export function stepRevision(base: Revision): Revision {
  const file = { ...base.file, sha256: "5e".repeat(32), name: "hello.txt", bytes: 5 };
  const actions = thirteenActions({ download: file.name }).map((one) => GivenAction.parse(one));
  const targeting = { cpu: null, osMajor: null, osPlatform: null };
  const source = { file: file.name, virtualFile: null };
  const common = { source, targeting };
  return {
    ...base,
    id: `${base.package}-steps` as RevisionId,
    version: "3.0.0.0",
    channel: "agent",
    file: null,
    agent: {
      files: [file as NonNullable<Revision["file"]>],
      actions,
      uninstall: [GivenAction.parse({ kind: "Uninstall", name: "Contoso My App" })],
      metrics: [
        {
          number: 1,
          kind: "FileHash",
          file: "%TEMP%\\My App\\hello.txt",
          hash: "5d41402abc4b2a76b9719d911017c592",
          ...common,
        },
        {
          number: 3,
          kind: "FileVersion",
          file: "\\Program Files\\My App\\app.exe",
          field: "Product",
          part: "major",
          operator: "GE",
          value: "2.0.0.0",
          source: { file: file.name, virtualFile: "bin\\app.exe" },
          targeting: { cpu: "ARM", osMajor: 6, osPlatform: "PocketPC" },
        },
        {
          number: 4,
          kind: "FileSize",
          file: "\\Program Files\\My App\\data.bin",
          operator: "EQ",
          size: 5,
          ...common,
        },
      ],
    },
  };
}
