import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Conversation } from "./conversation-context.ts";

const TAG_VERSION = "detail-version";
const TAG_PLATFORM = "detail-platform";

/**
 * DevDetail is only told on request: at a device's first inventory, and with each later one while its
 * operating system keeps it from something. [syncml 3.2]
 */
export function speakDetail(conversation: Conversation): OutgoingCommand[] {
  const { state, ledger } = conversation;
  if (state.detail !== "no") return [];
  const { osVersion, inventoryAtMs } = ledger.device;
  const isFirst = osVersion === null && inventoryAtMs === null;
  const isKeptOut =
    state.inventory !== "no" && ledger.rows.some(({ state: why }) => why === "OS Criteria");
  if (!isFirst && !isKeptOut) return [];
  conversation.state = { ...state, detail: "asked" };
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
