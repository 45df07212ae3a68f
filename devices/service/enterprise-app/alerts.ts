import { readInstallAlert } from "../../../protocols/csp/install-alert.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { ALERT } from "../../../protocols/syncml/alerts.ts";
import type { Item } from "../../../protocols/syncml/message.ts";
import { hex } from "../../install/hresult.ts";
import { interpret } from "../../install/mappings/interpret.ts";
import { ALERT_OK } from "../../install/progress.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Conversation } from "./conversation-context.ts";
import type { ConversationState } from "./conversation-state.ts";
import { deviceReport } from "./device-report.ts";
import { servedApp } from "./served.ts";

/** Some clients write `Reversed-Domain-Name:` before it, with a blank or without. [syncml 1] */
const LOGIN_STATUS = /(^|[\s:])com\.microsoft\/mdm\/loginstatus$/i;

/** A device says who is signed in. [syncml 5] */
export function hearLogin(conversation: Conversation, event: SessionEvent): void {
  for (const { meta, data } of itemsOf(event)) {
    if (!LOGIN_STATUS.test(meta?.type?.trim() ?? "")) continue;
    const word = data?.trim().toLowerCase();
    const login: ConversationState["login"] =
      word === "none" || word === "others" ? "nobody" : "somebody";
    conversation.state = { ...conversation.state, login };
  }
}

/** A device says by itself that an installation or a removal has ended. [syncml 6] */
export function hearEnds(conversation: Conversation, event: SessionEvent): void {
  for (const item of itemsOf(event)) hearEnd(conversation, item);
}

function itemsOf(event: SessionEvent): readonly Item[] {
  if (event.kind !== "alert") return [];
  return event.code === ALERT.clientEvent || event.code === ALERT.generic ? event.items : [];
}

/**
 * The node says whose end it is, of the work that was sent to it last: an earlier one was overtaken,
 * and its word will never come. A Correlator is not needed for it. It would repeat that of an Exec, and
 * ours have none: Windows answers elements that it does not know with 400, and an Exec with one might
 * not run. [syncml 3.5, 3.6]
 *
 * An end that is told is no proof: what the nodes and the inventory say, which are asked in this
 * session, comes before it. Where they say nothing, a failure that was told is one.
 */
function hearEnd(conversation: Conversation, item: Item): void {
  const alert = readInstallAlert(item);
  if (!alert) return;
  const { ledger, context } = conversation;
  const isRemoval = alert.what === "removed";
  const running = ledger.rows.filter((one) => {
    const isRunning = one.offeredAtMs !== null && isOpen(one);
    if (!isRunning || (one.operation === "uninstall") !== isRemoval) return false;
    const served = servedApp(conversation, one);
    return served?.provider.name === alert.provider && served.address.product === alert.product;
  });
  const [row] = running.sort((a, b) => (b.offeredAtMs ?? 0) - (a.offeredAtMs ?? 0));
  if (!row) {
    context.log.info("install-alert-unexpected", { device: ledger.device.id, ...alert });
    return;
  }
  const served = servedApp(conversation, row);
  if (!served) return;
  const { source, failedValue } = served.provider;
  const { hresult } = alert;
  const value = hresult === 0 ? ALERT_OK : `alert ${hex(hresult)}`;
  const { platform, operation } = row;
  const meaning =
    isRemoval && hresult !== 0
      ? interpret(source, platform, failedValue, { operation, lastError: hresult })
      : "no-change";
  if (meaning === undefined) throw new Error(`${failedValue} is no value of ${source}`);
  ledger.report(
    row.distribution,
    deviceReport(conversation, { source, value, meaning, lastError: hresult }),
  );
  const { state } = conversation;
  conversation.state = { ...state, ends: { ...state.ends, [row.distribution]: hresult } };
}
