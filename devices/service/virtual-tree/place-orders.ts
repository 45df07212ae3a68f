import { AppError, type ErrorCode } from "../../model/errors.ts";
import type { DeviceId, DistributionId } from "../../model/ids.ts";
import type { OrderOutcome } from "../../model/virtual-tree.ts";
import type { DeviceView } from "../../ports/site-store.ts";
import { placeOrder, type WantedWork } from "../../virtual-tree/place-order.ts";
import { requestInstallation, retryInstallation } from "../installations.ts";
import { groupsAt } from "../replan.ts";
import { withDevice } from "../site-context.ts";
import type { TreeContext } from "./tree-context.ts";

/** An order that waits, and who gave it. */
interface WaitingOrder {
  readonly wanted: WantedWork | { readonly refusal: string };
  readonly productId: string;
  readonly kind: "download" | "removal";
  readonly by: string;
}

/**
 * Makes distributions of what waits in a device's tree, and starts their work. An order that cannot be
 * carried out now stays, and is tried again by a job; one that never can be says so in the tree.
 * Doing it twice is doing it once.
 */
export async function placeOrders(context: TreeContext, id: DeviceId): Promise<void> {
  const view = await context.site.store.view(id);
  for (const order of view ? waitingIn(view, context) : []) {
    try {
      const outcome = await placeOne(context, id, order);
      await settle(context, id, order, outcome);
    } catch (error) {
      context.site.log.error("tree-order-not-placed", error, {
        device: id,
        product: order.productId,
      });
    }
  }
}

/** The orders of all devices: after a restart, and when the disk has room again. */
export async function placeAllOrders(context: TreeContext): Promise<void> {
  for (const id of await context.site.store.devicesWithOrders()) {
    await context.lock.run(id, () => placeOrders(context, id));
  }
}

function waitingIn(view: DeviceView, { sources }: TreeContext): readonly WaitingOrder[] {
  const { tree, inventory } = view;
  if (tree === undefined) return [];
  const downloads = tree.downloads.flatMap(({ productId, order }): readonly WaitingOrder[] => {
    if (order?.outcome.kind !== "waiting") return [];
    const { name, version, url, by } = order;
    const found = sources.find(url);
    const wanted =
      found.kind === "refused"
        ? { refusal: found.text }
        : ({ operation: "install", productId, name, version, content: found } as const);
    return [{ wanted, productId, kind: "download", by }];
  });
  const removals = tree.removals.flatMap(({ productId, by, outcome }): readonly WaitingOrder[] => {
    if (outcome.kind !== "waiting") return [];
    const version = inventory.find((one) => one.productId === productId)?.version ?? null;
    return [
      { wanted: { operation: "uninstall", productId, version }, productId, kind: "removal", by },
    ];
  });
  return [...downloads, ...removals];
}

/** Trying again would end the same. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["unprocessable", "conflict", "not-found"]);

async function placeOne(
  context: TreeContext,
  id: DeviceId,
  { wanted, by }: WaitingOrder,
): Promise<OrderOutcome> {
  if ("refusal" in wanted) return refused(wanted.refusal);
  try {
    const distribution = await writeOrder(context, id, wanted, by);
    if (distribution === undefined) return refused("no revision of this app is known here");
    await startWork(context, id, distribution, by);
    return { kind: "placed", distribution };
  } catch (error) {
    if (error instanceof AppError && FINAL.has(error.code)) return refused(error.message);
    throw error;
  }
}

/** Orders of several devices change one distribution: each reads what the one before wrote. */
const POLICY_TURN = "policy";

async function writeOrder(
  { site, policy, lock }: TreeContext,
  id: DeviceId,
  wanted: WantedWork,
  by: string,
): Promise<DistributionId | undefined> {
  const device = await site.store.find(id);
  if (!device) return undefined;
  return lock.run(POLICY_TURN, async () => {
    const current = site.policy.read();
    const placed = placeOrder(wanted, device, groupsAt(current, device), current);
    if (placed && placed.changes.length > 0) await policy.write(placed.changes, by);
    return placed?.distribution;
  });
}

/** Asks for the device's row: it starts at the next contact. What failed before is tried again. [D6, D8] */
async function startWork(
  { site }: TreeContext,
  device: DeviceId,
  distribution: DistributionId,
  by: string,
): Promise<void> {
  const key = { site: site.site, device, distribution };
  try {
    await requestInstallation(site, key, by);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    if (error.allowed?.includes("retry")) await retryInstallation(site, key, by);
    // Else there is nothing to start: it is installed already, or not for this device. The row says it.
  }
}

/** HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED): the site does not give devices what the order names. */
const NOT_GIVEN = 0x80070005 | 0;

function refused(text: string): OrderOutcome {
  return { kind: "refused", lastError: NOT_GIVEN, text };
}

function settle(
  { site }: TreeContext,
  id: DeviceId,
  { kind, productId }: WaitingOrder,
  outcome: OrderOutcome,
): Promise<void> {
  return withDevice(site, id, (ledger) => {
    const { tree } = ledger;
    if (!tree) return;
    const downloads = tree.downloads.map((one) =>
      kind === "download" && one.productId === productId && one.order
        ? { ...one, order: { ...one.order, outcome } }
        : one,
    );
    const removals = tree.removals.map((one) =>
      kind === "removal" && one.productId === productId ? { ...one, outcome } : one,
    );
    ledger.setTree({ ...tree, downloads, removals });
  });
}
