import { rowNumberOf } from "../../devices/install/row-numbers.ts";
import type { Installation } from "../../devices/model/installation.ts";

/**
 * The number of (platform, status, state) as it travels. A state that the matrix does not have is
 * left out rather than holding up the rest: the status is right, and the fact has the words.
 */
export function rowCodeOf(row: Pick<Installation, "platform" | "status" | "state">): number {
  const code =
    rowNumberOf(row.platform, row.status, row.state) ?? rowNumberOf(row.platform, row.status, null);
  if (code === undefined) throw new Error(`invariant broken: no number for ${row.status}`);
  return code;
}
