import type { SessionEvent } from "../../protocols/oma-dm/server-state.ts";
import type { Message, StatusCommand } from "../../protocols/syncml/message.ts";
import { describeStatus } from "../../protocols/syncml/statuses.ts";
import type { RecordedSession } from "../model/recorded-session.ts";
import { SESSION_LIFE_MS } from "../service/stored-session.ts";

/** Why a message was not listened to, in words; undefined when it was. */
export function refusalReason(
  message: Message,
  answer: Message,
  events: readonly SessionEvent[],
): string | undefined {
  const problem = events.find((event) => event.kind === "not-authenticated");
  const header = headerStatus(answer);
  if (problem !== undefined) {
    const shown = message.header.cred?.type ?? "nothing";
    const asked = header?.chal?.type ?? "another proof";
    switch (problem.reason) {
      case "missing":
        return `It did not show who it is, and was asked for ${asked}.`;
      case "wrong":
        return "What it showed does not fit: its password or its user name is another one, or its nonce is out of date.";
      case "scheme":
        return `It showed ${shown}, and ${asked} is asked for.`;
      case "certificate":
        return "It has to come with a client certificate of its own, and came without.";
    }
  }
  switch (header?.code) {
    case 505:
      return `It speaks SyncML ${message.header.verDtd.slice(0, 20)}, and 1.x is served here.`;
    case 506:
      return "The message belongs to no session that is open here: the session was replaced, refused, or is too old.";
    case 513:
      return `It speaks ${message.header.verProto.slice(0, 20)}, and DM/1.x is served here.`;
    default:
      return undefined;
  }
}

/** Why a session was broken off by one side that said so. */
export function abortReason(events: readonly SessionEvent[]): string | undefined {
  for (const event of events) {
    if (event.kind === "aborted") {
      const who = event.by === "device" ? "The device" : "This server";
      return `${who} broke the session off: ${event.reason}.`;
    }
    if (event.kind === "own-refused") {
      return "The device does not accept this server: it asks for a password of the server that does not fit.";
    }
  }
  return undefined;
}

export const NOT_RECORDED =
  "What came after this could not be recorded: the disk was full, or the records could not be written.";
export const REPLACED = "The device began a new session before this one had ended.";

/** A session as it looks at this moment: one that was silent for too long is over. */
export function asOf(session: RecordedSession, nowMs: number): RecordedSession {
  if (session.outcome !== "running" || nowMs - session.lastAtMs <= SESSION_LIFE_MS) return session;
  return {
    ...session,
    outcome: "cut",
    hasProblem: true,
    reason: session.reason ?? silence(session),
  };
}

function silence({ authenticated, messages }: RecordedSession): string {
  return authenticated
    ? `The device was not heard again after ${messages} messages: its line broke, or it stopped.`
    : "It was asked for its credentials and did not come again.";
}

function headerStatus({ commands }: Message): StatusCommand | undefined {
  return commands.find(
    (command): command is StatusCommand => command.name === "Status" && command.cmd === "SyncHdr",
  );
}

/** Such as `Exec ./Vendor/…/DownloadInstall → 200 OK`, for people. */
export function statusWords(status: number | null): string {
  return status === null ? "no answer" : describeStatus(status);
}
