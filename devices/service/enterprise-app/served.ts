import { installerFor, installersOf, isProvider, providersOf } from "../../install/providers.ts";
import type { Installation } from "../../model/installation.ts";
import type { Package, Provider, Revision } from "../../model/package.ts";
import type { Address, AppProvider } from "./app-provider.ts";
import type { Conversation } from "./conversation-context.ts";
import { APP_PROVIDERS } from "./providers/table.ts";

/** An app of a row, and how its device is talked to about it. */
export interface ServedApp {
  readonly app: Package;
  readonly revision: Revision;
  readonly provider: AppProvider;
  readonly address: Address;
}

/**
 * The providers by which this device is served: those that it has and, while it has not said what it
 * is, EnterpriseAppManagement and those that something is meant to be installed by. [E-006, Q47]
 */
export function providersServing(conversation: Conversation): readonly AppProvider[] {
  const { ledger, context, enterpriseId } = conversation;
  const { device } = ledger;
  if (device.platform !== "Windows") return [];
  const known = providersOf(device, context.policy.read().enterprise.platforms);
  const names: readonly Provider[] = known ?? wantedProviders(conversation);
  return names
    .filter((name) => name !== "EnterpriseAppManagement" || enterpriseId !== "")
    .map((name) => APP_PROVIDERS[name]);
}

export function isServedBy(conversation: Conversation, name: Provider): boolean {
  return providersServing(conversation).some((provider) => provider.name === name);
}

function wantedProviders({ ledger, context }: Conversation): readonly Provider[] {
  const { packages, revisions } = context.policy.read();
  const wanted = new Set<Provider>(["EnterpriseAppManagement"]);
  for (const row of ledger.rows) {
    const revision = revisions.get(row.revision);
    const app = packages.get(row.package);
    if (!row.counted || !revision || !app) continue;
    const [first] = installersOf(revision, app);
    if (first !== undefined && isProvider(first)) wanted.add(first);
  }
  return [...wanted];
}

/** Undefined for a row whose app this device does not get from us. */
export function servedApp(conversation: Conversation, row: Installation): ServedApp | undefined {
  const { ledger, context, enterpriseId } = conversation;
  const policy = context.policy.read();
  const revision = policy.revisions.get(row.revision);
  const app = policy.packages.get(row.package);
  if (!revision || !app) return undefined;
  const name = installerFor(ledger.device, revision, app, policy.enterprise.platforms);
  if (name === undefined || !isProvider(name)) return undefined;
  if (name === "EnterpriseAppManagement" && enterpriseId === "") return undefined;
  const provider = APP_PROVIDERS[name];
  const product = provider.productOf(revision, app);
  if (product === null) return undefined;
  const address = { enterpriseId, context: provider.contextOf(revision), product };
  return { app, revision, provider, address };
}
