import type { EnrolmentSetting } from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { Item } from "../../../protocols/syncml/message.ts";
import type { DistributionId } from "../../model/ids.ts";

/**
 * What one management session has asked a device about its apps so far, and what is still to be
 * asked. JSON: it is stored with the session and survives a restart of the gateway.
 */
export interface ConversationState {
  /** `{EnterpriseID}/Status` was read in this session: nothing is pushed before. [S-47] */
  readonly status: Asked;
  readonly enrolment: "none" | "add" | "replace" | "done" | "refused";
  /** What the device is told besides its token. `replace`: it has a value already. */
  readonly settings: "none" | "asked" | "replace" | "replacing" | "done";
  /** What the device could not take at the moment: told again at its next contact. */
  readonly settingsLeft: readonly EnrolmentSetting[];
  /** Whether a user is signed in; null where the device does not say. */
  readonly login: "somebody" | "nobody" | null;
  readonly detail: Asked;
  /** Reading of the device's lists of installed apps, by `listKey`. */
  readonly lists: Readonly<Record<string, ListReading>>;
  /** Nodes of installations asked for in this session, by product. */
  readonly polls: Readonly<Record<string, Poll>>;
  /** HRESULTs of alerts that said that an installation ended, by distribution. */
  readonly ends: Readonly<Record<DistributionId, number>>;
  /** Pushes of this session, by distribution. */
  readonly pushes: Readonly<Record<DistributionId, Push>>;
  /** What users were asked in this session, by distribution, and what came of it. */
  readonly consents: Readonly<Record<DistributionId, Consent>>;
  /** Status codes of removals that came in this package, by distribution. */
  readonly removals: Readonly<Record<DistributionId, readonly number[]>>;
  /** A PC was asked in this session to remove its account. */
  readonly leaving: boolean;
  /** The device's instant was evaluated in this session: its health is checked. */
  readonly evaluates: boolean;
  /** Rows that the inventory decides about, and why they are lost where it does not have them. [S-43] */
  readonly lost: Readonly<Record<DistributionId, string>>;
}

export type Asked = "no" | "asked" | "done";

/** `unanswered`: nobody was asked, or nobody answered. `impossible`: the device can ask nobody. */
export type Consent = "asked" | "yes" | "no" | "cancelled" | "unanswered" | "impossible";

/** How far one list is read. */
export interface ListReading {
  /** `naming`: only the names of its products were asked for; `walking`: each product is. */
  readonly step: Asked | "name" | "naming" | "walking";
  /** Products whose nodes are still to be walked, where the list cannot be told at once. */
  readonly walk: readonly string[];
  /** Items of the list that have come so far. */
  readonly items: readonly Item[];
}

/** What a device answered about one installation's node; evaluated when all of it has come. */
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
  settings: "none",
  settingsLeft: [],
  login: null,
  detail: "no",
  lists: {},
  polls: {},
  ends: {},
  pushes: {},
  consents: {},
  removals: {},
  leaving: false,
  evaluates: false,
  lost: {},
};

export const NOT_READ: ListReading = { step: "no", walk: [], items: [] };
