import type { ArgsDef } from "citty";

/** For commands that ask a running gateway over its API. */
export const CONNECTION_ARGS = {
  url: {
    type: "string",
    default: "http://127.0.0.1:8080",
    valueHint: "URL",
    description: "The gateway's address; with /hub at its end for a hub.",
  },
  token: {
    type: "string",
    valueHint: "FILE",
    description: "File with an administrator's API token; else OUTPOST_TOKEN.",
  },
} as const satisfies ArgsDef;
