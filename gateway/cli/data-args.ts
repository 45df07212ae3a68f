import type { ArgsDef } from "citty";

/** For commands that open the data folder of a stopped gateway themselves. */
export const DATA_ARGS = {
  config: { type: "string", valueHint: "FILE", description: "Configuration file." },
  "data-dir": { type: "string", valueHint: "FOLDER", description: "The gateway's data folder." },
  "database-key-file": {
    type: "string",
    valueHint: "FILE",
    description: "File with the key of an encrypted database.",
  },
} as const satisfies ArgsDef;
