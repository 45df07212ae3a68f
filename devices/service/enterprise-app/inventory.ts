import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { productsOf } from "../../install/products.ts";
import { isClaimed, isRemovalAccepted } from "../../install/progress.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Installation } from "../../model/installation.ts";
import { boundedItem, type InventoryItem } from "../../model/inventory.ts";
import { LIST_CHARACTERS_MAX } from "../../model/limits.ts";
import type { InstallContext } from "../../model/package.ts";
import type { AppProvider, ListAddress, PartTag } from "./app-provider.ts";
import { compareInventory } from "./compare-inventory.ts";
import type { Conversation } from "./conversation-context.ts";
import { type ListReading, NOT_READ } from "./conversation-state.ts";
import { type AppList, keyOf, readingOf, setReading } from "./list-reading.ts";
import { providersServing, servedApp } from "./served.ts";

const TAG_ALL = "list";
const TAG_NAMES = "names";
const TAG_WALK = "walk";
/** Without another cause a list is read this often. */
const INVENTORY_MS = 24 * 60 * 60 * 1000;
/** A device with more apps than this is walked only so far. */
export const WALK_PRODUCTS_MAX = 500;
/** Questions about single products in one message. */
const WALK_COMMANDS_PER_MESSAGE = 32;
/** UpgradeCodes that are asked for with one list. */
const UPGRADE_CODES_MAX = 20;

/** Reads what is installed: at the first contact, at the instant, after an install, once a day. */
export function speakInventory(conversation: Conversation): OutgoingCommand[] {
  return listsOf(conversation).flatMap((list) => {
    const reading = readingOf(conversation, list);
    if (reading.step === "no" && isDue(conversation, list)) return ask(conversation, list);
    if (reading.step === "name") return askNames(conversation, list);
    return reading.step === "walking" ? walkOn(conversation, list, reading) : [];
  });
}

function ask(conversation: Conversation, list: AppList): OutgoingCommand[] {
  const { needsStructData } = list.provider.list;
  if (needsStructData && conversation.lacks.includes("StructData")) {
    return askNames(conversation, list);
  }
  setReading(conversation, list, { ...NOT_READ, step: "asked" });
  return [...list.provider.list.ask(addressOf(conversation, list), tagger(TAG_ALL, list))];
}

function askNames(conversation: Conversation, list: AppList): OutgoingCommand[] {
  setReading(conversation, list, { ...NOT_READ, step: "naming" });
  return [...list.provider.list.askNames(addressOf(conversation, list), tagger(TAG_NAMES, list))];
}

function walkOn(
  conversation: Conversation,
  list: AppList,
  reading: ListReading,
): OutgoingCommand[] {
  const address = addressOf(conversation, list);
  const commands: OutgoingCommand[] = [];
  const left = [...reading.walk];
  while (left.length > 0 && commands.length < WALK_COMMANDS_PER_MESSAGE) {
    const product = left.shift() ?? "";
    const tag = (part: string) => `${TAG_WALK} ${keyOf(list)} ${part} ${product}`;
    commands.push(...list.provider.list.askOne(address, product, tag));
  }
  setReading(conversation, list, { ...reading, walk: left });
  return commands;
}

/** The lists of a device: of each provider the device's, and its user's where an app is for users. */
function listsOf(conversation: Conversation): readonly AppList[] {
  const { ledger, context } = conversation;
  const policy = context.policy.read();
  const isWanted = (provider: AppProvider, of: InstallContext) =>
    of === "device" ||
    ledger.rows.some((row) =>
      productsOf(policy, row.package).lists.some(
        (list) => list.provider === provider.name && list.context === of,
      ),
    );
  return providersServing(conversation).flatMap((provider) =>
    provider.list.contexts
      .filter((of) => isWanted(provider, of))
      .map((of) => ({ provider, context: of })),
  );
}

function isDue(conversation: Conversation, list: AppList): boolean {
  const { ledger, context, state } = conversation;
  const readAtMs = ledger.inventoryReads.find(
    (read) => read.provider === list.provider.name && read.context === list.context,
  )?.atMs;
  const nowMs = context.now();
  if (readAtMs === undefined || nowMs - readAtMs >= INVENTORY_MS || state.evaluates) return true;
  return ledger.rows.some((row) => {
    const isAsked =
      state.lost[row.distribution] !== undefined ||
      (row.current && (isUnproven(row) || isNewsOf(row, list, readAtMs, nowMs)));
    return isAsked && isOfList(conversation, row, list);
  });
}

/** The device says that it did something, and only its list shows whether it did. */
function isUnproven(row: Installation): boolean {
  if (!isOpen(row) || row.offeredAtMs === null) return false;
  return row.operation === "uninstall" ? isRemovalAccepted(row) : isClaimed(row);
}

/** An installation that was told after the list was. */
function isNewsOf(row: Installation, list: AppList, readAtMs: number, nowMs: number): boolean {
  return (
    row.status === "installed" &&
    row.operation !== "uninstall" &&
    row.source === list.provider.source &&
    row.nativeValue !== null &&
    !row.nativeValue.startsWith("inventory") &&
    row.observedAtMs >= readAtMs &&
    // A device has until its next contact to list what it just installed.
    row.observedAtMs < nowMs
  );
}

function isOfList(conversation: Conversation, row: Installation, list: AppList): boolean {
  const served = servedApp(conversation, row);
  return served?.provider === list.provider && served.address.context === list.context;
}

export function hearInventory(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" && event.kind !== "results") return;
  const [word, key, part] = event.tag.split(" ");
  const list = listsOf(conversation).find((one) => keyOf(one) === key);
  if (!list || part === undefined) return;
  if (event.kind === "results") hearItems(conversation, list, word, event.items);
  else if (event.code >= 400 && (part === "list" || part === "query")) {
    hearRefusal(conversation, list, word, event.code);
  }
}

function hearItems(
  conversation: Conversation,
  list: AppList,
  word: string | undefined,
  items: ListReading["items"],
): void {
  const reading = readingOf(conversation, list);
  const { step } = reading;
  if (word === TAG_ALL ? step === "asked" : word === TAG_WALK && step === "walking") {
    setReading(conversation, list, { ...reading, items: [...reading.items, ...items] });
  } else if (word === TAG_NAMES && (step === "naming" || step === "walking")) {
    const names = new Set([...reading.walk, ...list.provider.list.readNames(items)]);
    setReading(conversation, list, {
      step: "walking",
      walk: [...names].slice(0, WALK_PRODUCTS_MAX),
      items: [...reading.items, ...items],
    });
  }
}

function hearRefusal(
  conversation: Conversation,
  list: AppList,
  word: string | undefined,
  code: number,
): void {
  const reading = readingOf(conversation, list);
  const isAboutAll = word === TAG_ALL && (reading.step === "asked" || reading.step === "name");
  if (isAboutAll && list.provider.list.cannotTellAll.has(code)) {
    // Beyond this device: its tree is walked with plain Gets. [syncml 1]
    setReading(conversation, list, { ...NOT_READ, step: "name" });
  } else if (isAboutAll || word === TAG_NAMES) {
    // No answer says nothing about what is installed: what was known stays.
    setReading(conversation, list, { ...NOT_READ, step: "done" });
  }
}

/** Turns complete answers into the device's inventory and into what follows for its rows. */
export function settleInventory(conversation: Conversation): void {
  for (const list of listsOf(conversation)) {
    const { step, walk, items } = readingOf(conversation, list);
    const isTold = step === "asked" && items.length > 0;
    const isWalked = step === "walking" && walk.length === 0;
    if (isTold || isWalked) settleList(conversation, list);
  }
}

function settleList(conversation: Conversation, list: AppList): void {
  const { ledger, context } = conversation;
  const { name, source } = list.provider;
  const nowMs = context.now();
  const { apps, warnings } = list.provider.list.read(readingOf(conversation, list).items);
  const place = { provider: name, context: list.context };
  const items = apps.map((app) =>
    boundedItem({ ...app, device: ledger.device.id, ...place, seenAtMs: nowMs }),
  );
  setReading(conversation, list, { ...NOT_READ, step: "done" });
  const before = ledger.inventory.filter(
    (item) => item.provider === name && item.context === list.context,
  );
  if (warnings.length > 0 || summary(items) !== summary(before)) {
    ledger.deviceFact({
      kind: "inventory",
      atMs: nowMs,
      source,
      protocol: conversation.protocol,
      value: listText(items),
      text: warnings.length > 0 ? `its list of apps is odd: ${warnings.join("; ")}` : null,
      by: "device",
    });
  }
  ledger.setInventory(place, items, nowMs);
  compareInventory(conversation, list);
}

/** The list as JSON, of an endless one the beginning: its history is no place for all of it. */
function listText(items: readonly InventoryItem[]): string {
  const lines: string[] = [];
  let length = 2;
  for (const { productId, version, title } of items) {
    const line = JSON.stringify({ productId, version, title });
    length += line.length + 1;
    if (length > LIST_CHARACTERS_MAX) break;
    lines.push(line);
  }
  return `[${lines.join(",")}]`;
}

function summary(items: readonly InventoryItem[]): string {
  return items
    .map(({ productId, version, title }) => `${productId} ${version} ${title}`)
    .sort()
    .join("\n");
}

function addressOf(conversation: Conversation, list: AppList): ListAddress {
  const { ledger, context, enterpriseId } = conversation;
  const apps = new Set(ledger.rows.map((row) => row.package));
  const revisions = [...context.policy.read().revisions.values()].filter((one) =>
    apps.has(one.package),
  );
  const upgradeCodes = new Set(revisions.flatMap(({ msi }) => msi?.upgradeCode ?? []));
  return {
    enterpriseId,
    context: list.context,
    wanted: {
      upgradeCodes: [...upgradeCodes].slice(0, UPGRADE_CODES_MAX),
      storeApps: revisions.some(({ msix, storeApp }) => msix !== null && storeApp),
    },
  };
}

function tagger(word: string, list: AppList): PartTag {
  return (part) => `${word} ${keyOf(list)} ${part}`;
}
