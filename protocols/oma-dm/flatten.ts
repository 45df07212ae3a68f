import type { OutgoingCommand } from "./outgoing-command.ts";
import { derivedStatus } from "./outstanding.ts";
import type { DeviceFeature, SessionEvent } from "./server-state.ts";

export interface Flattened {
  readonly commands: readonly OutgoingCommand[];
  /** The containers themselves are done with. */
  readonly events: readonly SessionEvent[];
}

/**
 * The plain form for a device that cannot do a Sequence: its members one after the other, which every
 * client we know carries out in that order. An Atomic has no plain form that means the same; who sends
 * one to such a device decides what to send instead.
 */
export function flattened(
  commands: readonly OutgoingCommand[],
  lacks: readonly DeviceFeature[],
): Flattened {
  if (!lacks.includes("Sequence")) return { commands, events: [] };
  const events: SessionEvent[] = [];
  const plain = commands.flatMap((command): readonly OutgoingCommand[] => {
    if (command.name !== "Sequence") return [command];
    events.push(derivedStatus(command.tag, 200, []));
    const inside = flattened(command.commands, lacks);
    events.push(...inside.events);
    return inside.commands;
  });
  return { commands: plain, events };
}
