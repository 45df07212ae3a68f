import type { Deployment } from "../../../protocols/mender/deployment.ts";
import type { Provided } from "../../../protocols/mender/next-request.ts";
import type { Work } from "../../install/plan-types.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Device } from "../../model/device.ts";
import { contact } from "../contact/contact.ts";
import { reportCancelled } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";
import { hearArtifact } from "./artifact-on-device.ts";
import { deploymentId } from "./deployment-id.ts";
import { mergedAttributes } from "./hear-inventory.ts";

/** The address of an artifact is good for so long, or to the end of the window. [D27] */
const URL_LIFE_MS = 24 * 3_600_000;

/**
 * A device is idle and asks for work. What it has in hand is offered to it again: it has lost it, or
 * never got it. Undefined when there is nothing for it now.
 *
 * @throws AppError "not-found" for a device that is not served here (any more)
 */
export function nextDeployment(
  context: SiteContext,
  { id }: Device,
  provided: Provided,
  baseUrl: string,
): Promise<Deployment | undefined> {
  const { artifactName, deviceType, all } = provided;
  const said = {
    protocol: "mender" as const,
    facts: { model: deviceType },
    attributes: mergedAttributes(new Map(Object.entries(all)), context.now()),
  };
  return contact(context, id, said, (offers) => {
    const { ledger, inHand, newWork } = offers;
    for (const { row } of offers.ended) {
      reportCancelled(context, ledger, {
        distribution: row.distribution,
        source: "mender",
        protocol: "mender",
        attempt: row.attempt,
        text: "the device does not work on it: it asked for other work",
      });
    }
    hearArtifact(context, ledger, artifactName);
    const work = [...inHand, ...newWork].find((one) => isStillWanted(ledger, one));
    if (work === undefined) return undefined;
    offers.offered(work);
    return deploymentOf(context, ledger, work, baseUrl);
  });
}

/** It may have turned out a moment ago that the device has it. */
function isStillWanted(ledger: Ledger, { distribution, installer, operation }: Work): boolean {
  const row = ledger.row(distribution.id);
  return installer === "mender" && operation !== "uninstall" && row !== undefined && isOpen(row);
}

function deploymentOf(
  context: SiteContext,
  ledger: Ledger,
  { attempt, distribution, revision }: Work,
  baseUrl: string,
): Deployment | undefined {
  const { file, mender } = revision;
  if (!file || !mender) return undefined;
  const releasedUntilMs = ledger.row(distribution.id)?.releasedUntilMs ?? 0;
  const urlExpiresAtMs = Math.max(context.now() + URL_LIFE_MS, releasedUntilMs);
  return {
    id: deploymentId(ledger, distribution.id, attempt),
    artifactId: file.sha256,
    artifactName: mender.artifactName,
    deviceTypes: mender.deviceTypes,
    url: context.content.urlFor(file, ledger.device.id, urlExpiresAtMs, baseUrl),
    urlExpiresAtMs,
  };
}
