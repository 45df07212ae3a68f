import type { Conversation } from "./conversation-context.ts";

/** What the device did or refused that is about itself and no app: a line of its history. */
export function noteDevice({ ledger, context, protocol }: Conversation, text: string): void {
  ledger.deviceFact({
    kind: "device",
    atMs: context.now(),
    source: "site",
    protocol,
    value: JSON.stringify(ledger.device),
    text,
    by: "device",
  });
}
