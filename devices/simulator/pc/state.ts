import type { MsiInstallJob } from "../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import type { MsiStatus } from "../../../protocols/csp/enterprise-desktop-app-management/values.ts";
import type { HostedInstall } from "../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import type { Origin } from "../../../protocols/csp/enterprise-modern-app-management/nodes.ts";
import type { NodeContext } from "../../../protocols/csp/node-table.ts";

/** A product that Windows Installer knows. */
export interface MsiProduct {
  readonly version: string;
  readonly name: string;
  readonly publisher: string;
  readonly installedAtMs: number;
  readonly upgradeCode: string | null;
}

/** What a DownloadInstall node has come to. */
export interface MsiJobNode {
  /** Null: it was added, and nothing was executed that could be read. */
  readonly status: MsiStatus | null;
  /** A signed HRESULT. */
  readonly lastError: number;
  readonly lastErrorText: string;
}

/** `MSI/{ProductID}`: a product, a job, or both. */
export interface MsiNode {
  readonly context: NodeContext;
  /** In braces, upper case. */
  readonly productCode: string;
  readonly product: MsiProduct | null;
  readonly job: MsiJobNode | null;
}

/** A packaged app that is on the PC. */
export interface PcPackage {
  readonly familyName: string;
  readonly fullName: string;
  readonly name: string;
  readonly version: string;
  readonly publisher: string;
  readonly architecture: string;
  readonly origin: Origin;
  readonly isFramework: boolean;
  readonly isBundle: boolean;
  /** Everybody who signs in gets it. */
  readonly provisioned: boolean;
  /** The person who uses the PC has it. */
  readonly forUser: boolean;
  /** Its family was added by the server: it goes when the account goes. [syncml 6.3] */
  readonly managed: boolean;
  readonly installedAtMs: number;
}

/** `AppInstallation/{PackageFamilyName}`. */
export interface AppInstallation {
  readonly context: NodeContext;
  readonly familyName: string;
  readonly status: 0 | 1 | 2 | 3;
  /** Percent. */
  readonly progress: number;
  readonly lastError: number;
  readonly lastErrorText: string;
}

/** Work that was executed in a session and begins when it has ended. */
export type Started =
  | { readonly kind: "msi"; readonly node: MsiNode; readonly job: MsiInstallJob }
  | { readonly kind: "msix"; readonly node: AppInstallation; readonly install: HostedInstall };

/** An app that was removed by a server that did not wait for it: told by an alert. */
export interface Removed {
  readonly context: NodeContext;
  readonly origin: Origin;
  readonly familyName: string;
}

/**
 * Everything that a PC's management tree shows, as an immutable value: an Atomic that fails is undone by
 * keeping the value from before it.
 */
export interface PcState {
  /** By `keyOf`. */
  readonly msi: ReadonlyMap<string, MsiNode>;
  readonly installations: ReadonlyMap<string, AppInstallation>;
  /** By package full name in small letters. */
  readonly packages: ReadonlyMap<string, PcPackage>;
  /** The last AppInventoryQuery of each tree. */
  readonly queries: Readonly<Record<NodeContext, string>>;
  readonly started: readonly Started[];
  readonly removed: readonly Removed[];
  /** `leaving`: the server asked for it, and the account goes after a last word. */
  readonly account: "here" | "leaving" | "gone";
}

export const EMPTY_PC: PcState = {
  msi: new Map(),
  installations: new Map(),
  packages: new Map(),
  queries: { device: "", user: "" },
  started: [],
  removed: [],
  account: "here",
};

/** Names of products and families ignore letter case. */
export function keyOf(context: NodeContext, name: string): string {
  return `${context} ${name.toLowerCase()}`;
}

/** A change of an MSI node; without a product and a job there is no node. */
export function withMsi(
  state: PcState,
  at: Pick<MsiNode, "context" | "productCode">,
  change: Partial<MsiNode>,
): PcState {
  const key = keyOf(at.context, at.productCode);
  const { context, productCode } = at;
  const before = state.msi.get(key) ?? { context, productCode, product: null, job: null };
  return { ...state, msi: new Map(state.msi).set(key, { ...before, ...change }) };
}

export function withoutMsi(state: PcState, at: Pick<MsiNode, "context" | "productCode">): PcState {
  const msi = new Map(state.msi);
  msi.delete(keyOf(at.context, at.productCode));
  return { ...state, msi };
}

export function withInstallation(state: PcState, node: AppInstallation): PcState {
  const key = keyOf(node.context, node.familyName);
  return { ...state, installations: new Map(state.installations).set(key, node) };
}

export function withoutInstallation(
  state: PcState,
  at: Pick<AppInstallation, "context" | "familyName">,
): PcState {
  const installations = new Map(state.installations);
  installations.delete(keyOf(at.context, at.familyName));
  return { ...state, installations };
}

/** A package takes the place of other versions of its family. */
export function withPackage(state: PcState, installed: PcPackage): PcState {
  const others = [...state.packages].filter(
    ([, one]) => one.familyName.toLowerCase() !== installed.familyName.toLowerCase(),
  );
  const packages = new Map(others).set(installed.fullName.toLowerCase(), installed);
  return { ...state, packages };
}

/** A package that nobody has and nobody will get is gone. */
export function withoutUnused(state: PcState): PcState {
  const used = [...state.packages].filter(([, one]) => one.provisioned || one.forUser);
  return used.length === state.packages.size ? state : { ...state, packages: new Map(used) };
}

export function packageOfFamily(state: PcState, familyName: string): PcPackage | undefined {
  const wanted = familyName.toLowerCase();
  return [...state.packages.values()].find((one) => one.familyName.toLowerCase() === wanted);
}

/** The account leaves: packaged apps that came by it go, an MSI stays. [syncml 6.3] */
export function withoutAccount(state: PcState): PcState {
  const own = [...state.packages].filter(([, one]) => !one.managed);
  const msi = [...state.msi].flatMap(([key, node]) =>
    node.product === null ? [] : [[key, { ...node, job: null }] as const],
  );
  return { ...EMPTY_PC, msi: new Map(msi), packages: new Map(own), account: "gone" };
}
