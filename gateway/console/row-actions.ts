import type { InstallationView } from "../reports/report-reader.ts";
import { type View, whyNot } from "./view.ts";

/** Why a row cannot be retried now, for the button; undefined when it can. [D8] */
export function whyNotRetry(view: View, row: InstallationView): string | undefined {
  const common = whyNotAct(view, row);
  if (common !== undefined) return common;
  if (row.bucket === "failed" || row.stale) return undefined;
  return `Only failed work is retried; this is ${row.statusLabel}`;
}

/** Why on-demand work cannot be asked for now. [D6] */
export function whyNotRequest(view: View, row: InstallationView): string | undefined {
  if (row.mode === "automatic") return "Automatic work runs in the maintenance window";
  const common = whyNotAct(view, row);
  if (common !== undefined) return common;
  const isGone = row.bucket === "removed" && row.operation !== "uninstall";
  if (row.bucket !== "pending" && !isGone) return `There is nothing to install: ${row.statusLabel}`;
  if (row.requestedAtMs !== null && !isGone)
    return "It was asked for; it starts at the next contact";
  return undefined;
}

function whyNotAct(view: View, row: InstallationView): string | undefined {
  if (view.role === "hub") return `Done at the site: open the console of ${row.siteName}`;
  const scope = whyNot(view, "installations:write");
  if (scope !== undefined) return scope;
  return row.counted ? undefined : "It no longer counts: stopped, or replaced by a newer one";
}
