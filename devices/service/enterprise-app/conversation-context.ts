import type { DeviceFeature } from "../../../protocols/oma-dm/server-state.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import type { ConversationState } from "./conversation-state.ts";

/** One session's talk about enterprise apps: what it works with, and where it stands. */
export interface Conversation {
  readonly context: SiteContext;
  readonly ledger: Ledger;
  readonly enterpriseId: string;
  /** What the site is called in the account that the device has with it. */
  readonly providerId: string;
  /** The gateway's address as this device reaches it, for content URLs. */
  readonly baseUrl: () => string;
  readonly protocol: "oma-dm";
  /** What the device was found not to be able to do: it gets the plain form at once. */
  readonly lacks: readonly DeviceFeature[];
  state: ConversationState;
}
