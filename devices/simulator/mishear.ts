import type { Challenge, Command, Item, Message } from "../../protocols/syncml/message.ts";
import type { Quirk } from "./profiles.ts";

/** What a client with these quirks understands of its server's message. */
export function mishear(message: Message, quirks: readonly Quirk[]): Message {
  if (quirks.length === 0) return message;
  return { ...message, commands: message.commands.map((command) => misheard(command, quirks)) };
}

function misheard(command: Command, quirks: readonly Quirk[]): Command {
  switch (command.name) {
    case "Atomic":
    case "Sequence":
      return { ...command, commands: command.commands.map((one) => misheard(one, quirks)) };
    case "Status":
      return command.chal && quirks.includes("no-short-nonce")
        ? { ...command, chal: withoutShortNonce(command.chal) }
        : command;
    case "Results":
    case "Unknown":
      return command;
    default:
      return quirks.includes("ignores-more-data")
        ? { ...command, items: command.items.map(asWhole) }
        : command;
  }
}

/** The chunk passes for the whole. [syncml 1] */
function asWhole({ moreData: _, ...item }: Item): Item {
  return item;
}

const SHORT_NONCE_BYTES = 8;

/** Its base64 ends with one pad, which one client cannot read. [syncml 1] */
function withoutShortNonce(chal: Challenge): Challenge {
  const { nextNonce } = chal;
  const isShort =
    nextNonce !== undefined && Buffer.from(nextNonce, "base64").length === SHORT_NONCE_BYTES;
  return isShort ? { ...chal, nextNonce: "" } : chal;
}

/** The code by which a client with these quirks refuses a command that others take. */
export function stumblesOver(command: Command, quirks: readonly Quirk[]): number | undefined {
  if (!quirks.includes("needs-data") || command.name !== "Add") return undefined;
  const isWithout = command.items.some(
    ({ meta, data }) => meta?.format === "node" && data === undefined,
  );
  return isWithout ? 500 : undefined;
}
