import {
  getInventory,
  getInventoryNode,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import { readInventory } from "../../../protocols/csp/enterprise-app-management/inventory.ts";
import { readProductIds } from "../../../protocols/csp/inventory.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { InventoryItem } from "../../model/inventory.ts";
import { compareInventory } from "./compare-inventory.ts";
import type { Conversation } from "./conversation-context.ts";

const TAG_TREE = "inventory";
const TAG_LIST = "inventory-list";
const TAG_WALK = "inventory-walk";
/** Without another cause the inventory is read this often. */
const INVENTORY_MS = 24 * 60 * 60 * 1000;
/** A device with more apps than this is walked only so far. */
export const WALK_PRODUCTS_MAX = 500;
/** Products that are walked in one message. */
const WALK_PRODUCTS_PER_MESSAGE = 8;
/** INSTALLED, or FAILED because a higher version is there: the inventory says which. */
const DONE: ReadonlySet<string | null> = new Set(["5", "6"]);
const LIST = { provider: "EnterpriseAppManagement", context: "device" } as const;
const LEAVES = ["Version", "Title", "Publisher", "InstallDate"] as const;

/** Reads what is installed: at the first contact, at the instant, after an install, once a day. */
export function speakInventory(conversation: Conversation): OutgoingCommand[] {
  const { state, enterpriseId } = conversation;
  if (state.inventory === "walking") {
    const products = state.walk.slice(0, WALK_PRODUCTS_PER_MESSAGE);
    conversation.state = { ...state, walk: state.walk.slice(products.length) };
    return products.flatMap((productId) =>
      LEAVES.map((leaf) =>
        getInventoryNode(`${TAG_WALK} ${leaf} ${productId}`, enterpriseId, productId, leaf),
      ),
    );
  }
  if (state.inventory === "list") {
    conversation.state = { ...state, inventory: "listing" };
    return [getInventory(TAG_LIST, enterpriseId, "children")];
  }
  if (state.inventory !== "no" || !isDue(conversation)) return [];
  if (conversation.lacks.includes("StructData")) {
    conversation.state = { ...state, inventory: "listing" };
    return [getInventory(TAG_LIST, enterpriseId, "children")];
  }
  conversation.state = { ...state, inventory: "asked" };
  return [getInventory(TAG_TREE, enterpriseId, "StructData")];
}

function isDue(conversation: Conversation): boolean {
  const { ledger, context, state } = conversation;
  const inventoryAtMs = ledger.inventoryReads.find(
    (read) => read.provider === LIST.provider && read.context === LIST.context,
  )?.atMs;
  const nowMs = context.now();
  if (inventoryAtMs === undefined || nowMs - inventoryAtMs >= INVENTORY_MS) return true;
  if (state.lost.length > 0 || state.evaluates) return true;
  return ledger.rows.some(
    (row) =>
      row.current &&
      row.status === "installed" &&
      row.source === "windows-csp" &&
      DONE.has(row.nativeValue) &&
      row.observedAtMs >= inventoryAtMs &&
      // A device has until its next contact to list what it just installed.
      row.observedAtMs < nowMs,
  );
}

export function hearInventory(conversation: Conversation, event: SessionEvent): void {
  if (event.kind === "status") {
    if (event.tag === TAG_TREE) hearTreeStatus(conversation, event.code);
    if (event.tag === TAG_LIST && event.code >= 400) endWithout(conversation);
    return;
  }
  if (event.kind !== "results") return;
  const { state } = conversation;
  const isOurs = event.tag === TAG_TREE || event.tag.startsWith(`${TAG_WALK} `);
  if (isOurs) {
    conversation.state = { ...state, walked: [...state.walked, ...event.items] };
  } else if (event.tag === TAG_LIST) {
    const children = event.items.flatMap((item) => readProductIds(item.data ?? ""));
    conversation.state = {
      ...state,
      inventory: "walking",
      walk: children.slice(0, WALK_PRODUCTS_MAX),
    };
  }
}

function hearTreeStatus(conversation: Conversation, code: number): void {
  // StructData is beyond this device: its tree is walked with plain Gets. [syncml 1]
  if (code === 406 || code === 415 || code === 501) {
    conversation.state = { ...conversation.state, inventory: "list", walked: [] };
  } else if (code >= 400) {
    endWithout(conversation);
  }
}

/** No answer says nothing about what is installed: what was known stays. */
function endWithout(conversation: Conversation): void {
  conversation.state = { ...conversation.state, inventory: "done", walked: [], walk: [] };
}

/** Turns a complete answer into the device's inventory and into what follows for its rows. */
export function settleInventory(conversation: Conversation): void {
  const { state, ledger, context } = conversation;
  const isTree = state.inventory === "asked" && state.walked.length > 0;
  const isWalked = state.inventory === "walking" && state.walk.length === 0;
  if (!isTree && !isWalked) return;

  const nowMs = context.now();
  const { products, warnings } = readInventory(state.walked);
  const items: InventoryItem[] = products.map((product) => ({
    device: ledger.device.id,
    ...LIST,
    productId: product.productId,
    fullName: null,
    upgradeCode: null,
    version: product.version ?? null,
    title: product.title ?? null,
    publisher: product.publisher ?? null,
    installDate: product.installDate ?? null,
    installDateRaw: product.installDateRaw ?? null,
    seenAtMs: nowMs,
  }));
  conversation.state = { ...state, inventory: "done", walked: [], walk: [] };
  if (warnings.length > 0 || summary(items) !== summary(ledger.inventory)) {
    ledger.deviceFact({
      kind: "inventory",
      atMs: nowMs,
      source: "windows-csp",
      protocol: conversation.protocol,
      value: JSON.stringify(
        items.map(({ productId, version, title }) => ({ productId, version, title })),
      ),
      text: warnings.length > 0 ? warnings.join("; ") : null,
      by: "device",
    });
  }
  ledger.setInventory(LIST, items, nowMs);
  compareInventory(conversation, items);
}

function summary(items: readonly InventoryItem[]): string {
  return items
    .map(({ productId, version, title }) => `${productId} ${version} ${title}`)
    .sort()
    .join("\n");
}
