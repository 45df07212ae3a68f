/**
 * The commands of OMA DM 1.2, one row each.
 *
 * The only place that knows a command's name, its WBXML token and who may send it. Decoder, printer
 * and both sessions use it, so adding a command is adding a row.
 */
export interface CommandRule {
  /** Token in WBXML code page 0 (SyncML 1.2). */
  readonly wbxml: number;
  readonly sender: "server" | "client" | "both";
  /** `items`: a list of items; `commands`: a container; `answer`: refers to an earlier command. */
  readonly content: "items" | "commands" | "answer" | "alert";
}

export const COMMANDS = {
  Add: { wbxml: 0x05, sender: "server", content: "items" },
  Alert: { wbxml: 0x06, sender: "both", content: "alert" },
  Atomic: { wbxml: 0x08, sender: "server", content: "commands" },
  Copy: { wbxml: 0x0c, sender: "server", content: "items" },
  Delete: { wbxml: 0x10, sender: "server", content: "items" },
  Exec: { wbxml: 0x11, sender: "server", content: "items" },
  Get: { wbxml: 0x13, sender: "server", content: "items" },
  Replace: { wbxml: 0x20, sender: "both", content: "items" },
  Results: { wbxml: 0x22, sender: "client", content: "answer" },
  Sequence: { wbxml: 0x24, sender: "server", content: "commands" },
  Status: { wbxml: 0x29, sender: "both", content: "answer" },
} as const satisfies Record<string, CommandRule>;

export type CommandName = keyof typeof COMMANDS;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}
