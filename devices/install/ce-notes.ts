import type { Device } from "../model/device.ts";
import type { Package, Revision } from "../model/package.ts";
import { ceParts } from "./ce-parts.ts";
import { fitsTargeting, relevanceOf } from "./relevance.ts";

/**
 * What whoever makes or distributes a version should know of the devices with Windows CE that it meets: their
 * client evaluates no metrics, and there are steps that it cannot carry out.
 *
 * @param devices those that it may reach; others than Windows CE's are passed over
 */
export function ceNotes(
  app: Package,
  revision: Revision,
  devices: readonly Device[],
): readonly string[] {
  const { agent } = revision;
  if (!agent) return [];
  let reached = 0;
  let stays = 0;
  const obstacles = new Map<string, number>();
  for (const device of devices) {
    if (device.protocol !== "ce" || device.removedAtMs !== null) continue;
    if (!fitsTargeting(device, revision.targeting)) continue;
    const relevance = relevanceOf(device, revision, app, []);
    if (relevance.relevant) {
      reached += 1;
      const removal = ceParts(agent.uninstall, device, revision, app);
      if (agent.uninstall.length > 0 && "problem" in removal) stays += 1;
      continue;
    }
    const reading = ceParts(agent.actions, device, revision, app);
    if ("problem" in reading && reading.problem === relevance.condition) {
      obstacles.set(reading.problem, (obstacles.get(reading.problem) ?? 0) + 1);
    }
  }
  const notes = [...obstacles].map(
    ([problem, count]) => `${onDevices(count)} it is Not Relevant: ${problem}`,
  );
  if (reached > 0 && agent.metrics.length > 0) {
    notes.push(
      `${onDevices(reached)} metrics are not evaluated: it is carried out once for each attempt, needed or not, and nobody notices when it drifts`,
    );
  }
  if (stays > 0) notes.push(`${onDevices(stays)} it cannot be taken off again`);
  return notes;
}

function onDevices(count: number): string {
  return count === 1 ? "on 1 device with Windows CE" : `on ${count} devices with Windows CE`;
}
