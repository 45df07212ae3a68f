import { isOpen } from "../../install/waiting.ts";
import { reportWork } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";

/** A device says which artifact it has: whatever is still to bring it that one has come to its end. */
export function hearArtifact(context: SiteContext, ledger: Ledger, artifactName: string): void {
  if (artifactName === "") return;
  const { distributionsById, revisions } = context.policy.read();
  for (const row of ledger.rows) {
    const distribution = distributionsById.get(row.distribution);
    const revision = distribution && revisions.get(distribution.revision);
    const isThere = revision?.mender?.artifactName === artifactName;
    if (!isThere || !row.counted || !isOpen(row) || row.operation === "uninstall") continue;
    reportWork(context, ledger, {
      distribution: row.distribution,
      source: "mender",
      protocol: "mender",
      value: "already-installed",
      text: `the device says that it has ${artifactName}`,
      version: revision.version,
      attempt: row.attempt,
    });
  }
}
