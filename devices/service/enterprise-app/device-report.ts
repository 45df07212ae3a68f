import type { Report } from "../../install/fold.ts";
import type { Conversation } from "./conversation-context.ts";

/** What the device itself says about one row in this conversation, now. */
export function deviceReport(
  conversation: Conversation,
  said: Pick<Report, "source" | "value" | "meaning"> &
    Partial<Pick<Report, "lastError" | "text" | "version">>,
): Report {
  return {
    protocol: conversation.protocol,
    lastError: null,
    text: null,
    version: null,
    atMs: conversation.context.now(),
    attempt: null,
    sequence: null,
    by: "device",
    ...said,
  };
}
