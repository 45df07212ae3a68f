import type { InstallContext } from "../../model/package.ts";
import type { AppProvider } from "./app-provider.ts";
import type { Conversation } from "./conversation-context.ts";
import { type ListReading, NOT_READ } from "./conversation-state.ts";

/** One of a device's lists of installed apps. */
export interface AppList {
  readonly provider: AppProvider;
  readonly context: InstallContext;
}

/** The list by a name without blanks. */
export function keyOf({ provider, context }: AppList): string {
  return `${provider.name}/${context}`;
}

export function readingOf({ state }: Conversation, list: AppList): ListReading {
  return state.lists[keyOf(list)] ?? NOT_READ;
}

export function setReading(conversation: Conversation, list: AppList, reading: ListReading): void {
  const { state } = conversation;
  conversation.state = { ...state, lists: { ...state.lists, [keyOf(list)]: reading } };
}

/** What was read before a removal says nothing about it: the list is told again. */
export function readAgain(conversation: Conversation, list: AppList): void {
  if (readingOf(conversation, list).step === "done") setReading(conversation, list, NOT_READ);
}
