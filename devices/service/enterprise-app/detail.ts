import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { providersOf } from "../../install/providers.ts";
import type { Conversation } from "./conversation-context.ts";

const TAG_VERSION = "detail-version";
const TAG_PLATFORM = "detail-platform";

/**
 * What may be a PC is asked what it is before anything is said that is for phones only. Who says
 * whether a user is signed in, as every PC does in its first message, may be one. [E-006, Q47]
 */
export function speakIdentity(conversation: Conversation): OutgoingCommand[] {
  const { state, ledger, context } = conversation;
  const { platforms } = context.policy.read().enterprise;
  const isKnown = providersOf(ledger.device, platforms) !== undefined;
  return isKnown || state.login === null || state.detail !== "no" ? [] : ask(conversation);
}

/**
 * DevDetail is only told on request: at a device's first inventory, and with each later one while its
 * operating system keeps it from something. [syncml 3.2]
 */
export function speakDetail(conversation: Conversation): OutgoingCommand[] {
  const { state, ledger } = conversation;
  if (state.detail !== "no") return [];
  const { osVersion, inventoryAtMs } = ledger.device;
  const isFirst = osVersion === null && inventoryAtMs === null;
  const readsLists = Object.values(state.lists).some(({ step }) => step !== "no");
  const isKeptOut = readsLists && ledger.rows.some(({ state: why }) => why === "OS Criteria");
  return isFirst || isKeptOut ? ask(conversation) : [];
}

function ask(conversation: Conversation): OutgoingCommand[] {
  conversation.state = { ...conversation.state, detail: "asked" };
  return [
    { name: "Get", tag: TAG_VERSION, items: [{ target: "./DevDetail/SwV" }] },
    {
      name: "Get",
      tag: TAG_PLATFORM,
      items: [{ target: "./DevDetail/Ext/Microsoft/OSPlatform" }],
    },
  ];
}

export function hearDetail(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "results") return;
  const text = (event.items[0]?.data ?? "").trim();
  if (text === "") return;
  if (event.tag === TAG_VERSION) {
    const major = Number.parseInt(text, 10);
    conversation.ledger.patchDevice({
      osVersion: text,
      ...(Number.isSafeInteger(major) ? { osMajor: major } : {}),
    });
  } else if (event.tag === TAG_PLATFORM) {
    conversation.ledger.patchDevice({ osPlatform: text });
  }
}
