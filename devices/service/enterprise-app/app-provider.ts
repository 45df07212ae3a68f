import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { Item } from "../../../protocols/syncml/message.ts";
import type { Work } from "../../install/plan-types.ts";
import type { FactSource } from "../../model/fact.ts";
import type { Installation } from "../../model/installation.ts";
import type { DownloadNode, InventoryItem } from "../../model/inventory.ts";
import type {
  InstallContext,
  Package,
  PackageFile,
  Provider,
  Revision,
} from "../../model/package.ts";
import type { Poll, PushForm } from "./conversation-state.ts";

/**
 * What differs between the configuration service providers that install apps: what is written and
 * executed, how the work is asked after, how their lists are read, and what proves that something is
 * installed. The talk about it is the same for all of them.
 *
 * Everything here is a table or a pure function; tags are the caller's.
 */
export interface AppProvider {
  readonly name: Provider;
  /** Whose vocabulary the values of its Status nodes are in. */
  readonly source: FactSource;
  /** What its node for a revision is called; null where the revision lacks the name. */
  productOf(revision: Revision, app: Package): string | null;
  contextOf(revision: Revision): InstallContext;

  /**
   * How write and Exec belong together: `atomic`, all or nothing; `message`, beside each other, and a
   * write that finds its node there already is as good.
   */
  readonly binds: "atomic" | "message";
  /** Whether a first write creates the node or finds one of an earlier installation. */
  firstForm(node: DownloadNode | undefined, nowMs: number): PushForm;
  offer(offer: Offer, form: PushForm, tags: OfferTags): OfferCommands;
  /**
   * 404 for a node that has just been made or that should be there: the device forgot what it said it
   * took. `fails` shows it as a refusal, `later` sends the work again another time. [syncml 2.1]
   */
  readonly onMissingNode: "fails" | "later";

  readonly pollLeaves: { readonly known: readonly string[]; readonly inDoubt: readonly string[] };
  pollLeaf(address: Address, tag: string, leaf: string): OutgoingCommand;
  judgePoll(poll: Poll, situation: PollSituation): PollVerdict;
  /**
   * What proves that an app is installed: a final `status`, or only the `inventory`, because the
   * device's own "done" has been seen to be wrong. [syncml 2.1]
   */
  readonly proof: "status" | "inventory";
  /** The Status of a failure, for one that only an alert tells of. */
  readonly failedValue: string;
  /** The Status of work that was taken and not begun, where there is one that may stay so. */
  readonly idleValue: string | null;

  readonly list: ListReader;

  /** Uninstalls. A device's 200 is what `removalProof` makes of it. */
  remove(address: Address, known: Removal, tag: string): readonly OutgoingCommand[];
  readonly removalProof: "status" | "inventory";
}

/** A product in one of a provider's trees. */
export interface Address {
  readonly enterpriseId: string;
  readonly context: InstallContext;
  readonly product: string;
}

export interface Offer {
  readonly address: Address;
  readonly work: Work;
  readonly file: PackageFile;
  /** Where this device gets a file of the revision from this site. */
  urlOf(file: PackageFile): string;
}

export interface OfferTags {
  readonly write: string;
  readonly exec: string;
}

export interface OfferCommands {
  /** Missing where the node that is there needs nothing written. */
  readonly write?: OutgoingCommand;
  readonly exec: OutgoingCommand;
}

export interface PollSituation {
  readonly row: Installation;
  readonly node: DownloadNode | undefined;
  /** The work was sent, and its acceptance never came back. */
  readonly isInDoubt: boolean;
  /** The node may have had the wanted version before this work. */
  readonly versionIsOld: boolean;
}

/** What a device's answer about a node tells of the work. */
export type PollVerdict =
  /** Nothing to build on: it is asked again next time. */
  | { readonly kind: "silent" }
  /** Something runs under the node: it is asked again when that has ended. */
  | { readonly kind: "wait" }
  /** It never got the work: that is sent again. */
  | { readonly kind: "not-delivered" }
  /** The inventory says whether it is what was sent. */
  | { readonly kind: "inventory" }
  /** The node is gone, and the inventory says why. */
  | { readonly kind: "gone" }
  /** It has the work and does nothing about it. */
  | { readonly kind: "parked"; readonly text: string }
  /** The Status is about this work; the version is the one that is installed, where it says so. */
  | { readonly kind: "status"; readonly value: string; readonly version: string | null };

export interface Removal {
  readonly revision: Revision;
  /** The app as the device lists it; undefined when it does not. */
  readonly item: InventoryItem | undefined;
}

/** One of a provider's lists of installed apps. */
export interface ListAddress {
  readonly enterpriseId: string;
  readonly context: InstallContext;
  /** What the list has to answer beside names and versions. */
  readonly wanted: ListWants;
}

export interface ListWants {
  readonly upgradeCodes: readonly string[];
  /** Apps of a public store are among them. */
  readonly storeApps: boolean;
}

/** Tags the parts of a question. `list` and `query` have to succeed, the others may fail. */
export type PartTag = (part: "list" | "query" | `more-${number}`) => string;

export interface ListedApp
  extends Omit<InventoryItem, "device" | "provider" | "context" | "seenAtMs"> {}

export interface ListReader {
  /** The trees that have such a list. */
  readonly contexts: readonly InstallContext[];
  /** Is a whole subtree asked for, which a device may be known not to be able to tell? */
  readonly needsStructData: boolean;
  /** Asks for all at once. */
  ask(list: ListAddress, tag: PartTag): readonly OutgoingCommand[];
  /** The codes by which a device says that it cannot tell all at once. */
  readonly cannotTellAll: ReadonlySet<number>;
  askNames(list: ListAddress, tag: PartTag): readonly OutgoingCommand[];
  readNames(items: readonly Item[]): readonly string[];
  askOne(list: ListAddress, product: string, tag: (part: string) => string): OutgoingCommand[];
  read(items: readonly Item[]): {
    readonly apps: readonly ListedApp[];
    readonly warnings: readonly string[];
  };
}
