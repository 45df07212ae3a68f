import type { SessionEvent } from "../../protocols/oma-dm/server-state.ts";
import type { DeviceId } from "../model/ids.ts";
import type { SiteContext } from "./site-context.ts";

/** A part of an Atomic was done, and could not be undone when another part failed. [syncml 3.6] */
export const NOT_ROLLED_BACK = 516;

/**
 * What a device could not undo leaves it in a state that nobody ordered: an operator has to look.
 *
 * @returns how many commands it was
 */
export function alarmOfRollbacks(
  { log }: Pick<SiteContext, "log">,
  device: DeviceId,
  events: readonly SessionEvent[],
): number {
  const stuck = events.filter(
    (event) =>
      event.kind === "status" &&
      [event.code, ...Object.values(event.itemCodes)].includes(NOT_ROLLED_BACK),
  );
  for (const event of stuck) {
    if (event.kind !== "status") continue;
    const targets = Object.entries(event.itemCodes)
      .filter(([, code]) => code === NOT_ROLLED_BACK)
      .map(([target]) => target);
    log.error("atomic-not-rolled-back", "the device could not undo a part of an Atomic", {
      device,
      command: event.tag,
      targets: targets.join(", "),
    });
  }
  return stuck.length;
}
