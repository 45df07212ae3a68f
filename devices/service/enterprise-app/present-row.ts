import { isPresent } from "../../install/waiting.ts";
import { HLC_ZERO } from "../../model/hlc.ts";
import type { PackageId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { Conversation } from "./conversation-context.ts";

/** The row that says which version of an app is on the device. */
export function newestPresentRow(
  { ledger, context }: Conversation,
  app: PackageId,
): Installation | undefined {
  const { distributionsById } = context.policy.read();
  const orderOf = (row: Installation) => distributionsById.get(row.distribution)?.hlc ?? HLC_ZERO;
  return ledger.rows
    .filter((row) => row.package === app && row.operation !== "uninstall" && isPresent(row))
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1))[0];
}
