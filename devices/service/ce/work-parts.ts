import { type CePart, type CeReading, ceParts } from "../../install/ce-parts.ts";
import type { Work } from "../../install/plan-types.ts";
import type { Device } from "../../model/device.ts";
import type { CeFacts } from "./progress.ts";

/** The actions of this work as the client is given them. */
export function partsOf(work: Work, device: Device, facts: CeFacts): CeReading {
  const { revision, package: app, distribution } = work;
  const { agent } = revision;
  if (agent === null) return { problem: "the revision has no install actions" };
  const actions = distribution.operation === "uninstall" ? agent.uninstall : agent.actions;
  return ceParts(actions, { ...facts, id: device.id }, revision, app);
}

/** The file of a part among those of the revision. */
export function fileOf(work: Work, part: CePart) {
  if (part.kind !== "file") return undefined;
  return work.revision.agent?.files.find(({ name }) => name === part.source);
}
