import type { Item } from "../../../protocols/syncml/message.ts";
import type { DistributionId } from "../../model/ids.ts";

/**
 * What one management session has asked a device about EnterpriseAppManagement so far, and what is
 * still to be asked. JSON: it is stored with the session and survives a restart of the gateway.
 */
export interface ConversationState {
  /** `{EnterpriseID}/Status` was read in this session: nothing is pushed before. [S-47] */
  readonly status: Asked;
  readonly enrolment: "none" | "add" | "replace" | "done" | "refused";
  /** `listing`: the children of Inventory were asked for; `walking`: each product's leaves are. */
  readonly inventory: Asked | "list" | "listing" | "walking";
  /** Product ids whose nodes are still to be walked, where StructData is not supported. */
  readonly walk: readonly string[];
  /** Items of the inventory that have come so far. */
  readonly walked: readonly Item[];
  readonly detail: Asked;
  /** Download nodes asked for in this session, by product id. */
  readonly polls: Readonly<Record<string, Poll>>;
  /** Pushes of this session, by distribution. */
  readonly pushes: Readonly<Record<DistributionId, Push>>;
  /** The device's instant was evaluated in this session: its health is checked. */
  readonly evaluates: boolean;
  /** Rows whose download node tells nothing of them: the inventory decides. [S-43] */
  readonly lost: readonly DistributionId[];
}

export type Asked = "no" | "asked" | "done";

/** What a device answered about one download node; evaluated when all of it has come. */
export interface Poll {
  readonly distribution: DistributionId;
  readonly asked: Asked;
  readonly values: Readonly<Record<string, string>>;
  readonly codes: Readonly<Record<string, number>>;
}

export type PushForm = "add" | "replace";

export interface Push {
  readonly attempt: number;
  readonly form: PushForm;
  /** Without Atomic, for devices that cannot do it: the writes first, the Exec once they succeeded. */
  readonly plain: boolean;
  /** The forms fallen back to so far: at most one fall-back each way. [Q39] */
  readonly fellBackTo: readonly PushForm[];
  /** Failure codes met so far, in order, shown when it ends in failure. */
  readonly codes: readonly number[];
  readonly step: "send" | "sent" | "send-exec" | "ended";
  /** Status codes by tag, collected until the answer is complete. */
  readonly answers: Readonly<
    Record<string, { readonly code: number; readonly itemCodes: readonly number[] }>
  >;
}

export const NEW_CONVERSATION: ConversationState = {
  status: "no",
  enrolment: "none",
  inventory: "no",
  walk: [],
  walked: [],
  detail: "no",
  polls: {},
  pushes: {},
  evaluates: false,
  lost: [],
};
