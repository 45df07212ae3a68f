/**
 * The commands of OMA DM 1.2, one row each.
 *
 * The only place that knows a command's name and who may send it; its WBXML token is in
 * `code-pages.ts`. Decoder, printer and both sessions use it, so adding a command is adding a row.
 */
export interface CommandRule {
  readonly sender: "server" | "client" | "both";
  /** `items`: a list of items; `commands`: a container; `answer`: refers to an earlier command. */
  readonly content: "items" | "commands" | "answer" | "alert";
}

export const COMMANDS = {
  Add: { sender: "server", content: "items" },
  Alert: { sender: "both", content: "alert" },
  Atomic: { sender: "server", content: "commands" },
  Copy: { sender: "server", content: "items" },
  Delete: { sender: "server", content: "items" },
  Exec: { sender: "server", content: "items" },
  Get: { sender: "server", content: "items" },
  Replace: { sender: "both", content: "items" },
  Results: { sender: "client", content: "answer" },
  Sequence: { sender: "server", content: "commands" },
  Status: { sender: "both", content: "answer" },
} as const satisfies Record<string, CommandRule>;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
