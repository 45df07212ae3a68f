import type { OutgoingCommand } from "./outgoing-command.ts";
import { isAnswered } from "./outstanding.ts";
import type { ServerSession, SessionEvent } from "./server-state.ts";

/**
 * What a session that will not go on leaves behind: every command of ours that has no answer, once.
 * For one that nobody continues, such as one that was silent for too long, ask before it is dropped.
 */
export function lostCommands(session: ServerSession): readonly SessionEvent[] {
  const { outstanding, queued, partial } = session;
  const inDoubt = new Set<string>();
  for (const command of outstanding) {
    // A chunk that is not the last of its object commits nothing. [syncml 3.7]
    const isChunk = command.isPart && partial?.chunkOf !== null;
    if (!isAnswered(command) && !isChunk) inDoubt.add(command.tag);
  }
  const [first] = queued;
  const isBegun = partial !== null && Object.keys(partial.itemCodes).length > 0;
  if (first !== undefined && isBegun) inDoubt.add(first.tag);
  return [
    ...[...inDoubt].map((tag): SessionEvent => ({ kind: "in-doubt", tag })),
    ...queued
      .flatMap(tagsOf)
      .filter((tag) => !inDoubt.has(tag))
      .map((tag): SessionEvent => ({ kind: "not-sent", tag })),
  ];
}

function tagsOf(command: OutgoingCommand): readonly string[] {
  const members = "commands" in command ? command.commands.flatMap(tagsOf) : [];
  return [command.tag, ...members];
}
