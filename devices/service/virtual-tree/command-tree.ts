import { isFlowAlert } from "../../../protocols/oma-dm/answer-document.ts";
import { type Carried, carryOut, notCarriedOut } from "../../../protocols/oma-dm/carry-out.ts";
import type { Command } from "../../../protocols/syncml/message.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import { hasWaitingOrders } from "../../model/virtual-tree.ts";
import { VirtualDeviceTree } from "../../virtual-tree/device-tree.ts";
import {
  emptyTree,
  isEmptyTree,
  type TreeState,
  withoutExpired,
} from "../../virtual-tree/tree-state.ts";
import type { Ledger } from "../ledger.ts";
import { replan } from "../replan.ts";
import { withDevice } from "../site-context.ts";
import { placeOrders } from "./place-orders.ts";
import { mirrorOf, type TreeContext } from "./tree-context.ts";

/**
 * Carries an upstream server's commands out on the virtual tree of a device. What they changed is
 * durable before this resolves. What they ordered is a distribution by then, where that can be done
 * now; else it will be, because the order is kept.
 *
 * @param by who sends them, for the history
 * @throws AppError "not-found" for a device that is not known or was removed
 */
export function commandTree(
  context: TreeContext,
  id: DeviceId,
  commands: readonly Command[],
  by: string,
): Promise<readonly Carried[]> {
  return context.lock.run(id, async () => {
    const { carried, ordered } = await withDevice(context.site, id, (ledger) =>
      carryAllOut(context, ledger, commands, by),
    );
    if (ordered) await placeOrders(context, id);
    return carried;
  });
}

function carryAllOut(
  context: TreeContext,
  ledger: Ledger,
  commands: readonly Command[],
  by: string,
): { readonly carried: readonly Carried[]; readonly ordered: boolean } {
  const { device } = ledger;
  if (device.removedAtMs !== null) {
    throw new AppError("not-found", `the device ${device.name} was removed`);
  }
  const mirror = mirrorOf(context, ledger, by);
  const tree = new VirtualDeviceTree(mirror);
  const before: TreeState = {
    tree: withoutExpired(ledger.tree ?? emptyTree(device.id), mirror),
    enrolment: device.enrolment,
  };
  let state = before;
  const carried = commands.map((command) => {
    if (isFlowAlert(command)) return notCarriedOut(command, 200);
    const done = carryOut(tree, state, command);
    state = done.state;
    return done.carried;
  });
  store(context, ledger, before, state);
  return { carried, ordered: hasWaitingOrders(state.tree) };
}

function store(context: TreeContext, ledger: Ledger, before: TreeState, after: TreeState): void {
  if (after === before) return;
  ledger.setTree(isEmptyTree(after.tree) ? undefined : after.tree);
  if (after.enrolment !== before.enrolment) {
    ledger.patchDevice({ enrolment: after.enrolment, enrolmentDigest: null });
  }
  replan(context.site, ledger, { contact: false });
}
