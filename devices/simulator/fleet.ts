import type { PlannedDevice } from "./fleet-plan.ts";

/** Sessions and downloads that run at the same time. */
export const CONCURRENCY_MAX = 32;

/** How far a device is with one installation, whatever installs it. */
export type Progress =
  | "waiting-for-user"
  | "queued"
  | "downloading"
  | "downloaded"
  | "installing"
  | "installed"
  | "failed"
  | "download-failed";

/** Who a device is, whatever it speaks. */
export type DeviceIdentity = Pick<
  PlannedDevice,
  "stableId" | "name" | "manufacturer" | "model" | "seed"
>;

/** A device of any kind, as its fleet sees it. */
export interface FleetDevice {
  readonly plan: DeviceIdentity;
  /** When there is something to do next. */
  readonly dueMs: number;
  /** Something is being downloaded or installed. */
  readonly busy: boolean;
  /** One for each installation that it knows of; of one product, where one is asked for. */
  progress(product?: string): readonly Progress[];
  /** Does everything that is due at `nowMs`. */
  step(nowMs: number): Promise<{ readonly session: SessionLike | undefined }>;
  /** Holds a session now, whatever the schedule says. */
  contact(nowMs: number): Promise<SessionLike>;
  /** What it makes of a notification; devices that are called otherwise have none. */
  hear?(notification: Uint8Array, nowMs: number): Promise<HeardLike>;
}

export interface HeardLike {
  readonly hearing: "begin" | "repeated" | "ignored";
  readonly session: SessionLike | undefined;
}

/** What a fleet did in one step. */
export interface FleetStep {
  readonly sessions: number;
  readonly messages: number;
  /** Sessions that ended otherwise than they should, by how they ended. */
  readonly problems: Readonly<Record<string, number>>;
}

/** Counts for tables and progress bars. */
export interface FleetSummary {
  readonly devices: number;
  readonly busy: number;
  /** Installations by how far they are; a device that has none counts as `none`. */
  readonly byStatus: Readonly<Partial<Record<Progress | "none", number>>>;
}

/** Many devices on one clock. */
export class Fleet {
  readonly devices: readonly FleetDevice[];
  readonly #concurrency: number;

  constructor(devices: readonly FleetDevice[], concurrency = CONCURRENCY_MAX) {
    this.devices = devices;
    this.#concurrency = concurrency;
  }

  /** The next time at which any device has something to do. */
  get dueMs(): number {
    return this.devices.reduce(
      (soonest, { dueMs }) => Math.min(soonest, dueMs),
      Number.POSITIVE_INFINITY,
    );
  }

  /** Lets every device do what is due at `nowMs`. Steps must not overlap. */
  async step(nowMs: number): Promise<FleetStep> {
    const due = this.devices.filter(({ dueMs }) => dueMs <= nowMs);
    return this.#run(due, async (device) => (await device.step(nowMs)).session);
  }

  /** Lets every device hold a session now. */
  async contactAll(nowMs: number): Promise<FleetStep> {
    return this.#run(this.devices, (device) => device.contact(nowMs));
  }

  /**
   * A notification that came to where the whole fleet listens: the device that it is signed for hears
   * it. Not while a step is under way.
   */
  async hear(notification: Uint8Array, nowMs: number): Promise<FleetStep> {
    let heard: HeardLike | undefined;
    for (const device of this.devices) {
      heard = await device.hear?.(notification, nowMs);
      if (heard !== undefined && heard.hearing !== "ignored") break;
    }
    const { session } = heard ?? {};
    if (session === undefined) return { sessions: 0, messages: 0, problems: {} };
    const { end, messages } = session;
    return { sessions: 1, messages, problems: end === "done" ? {} : { [end]: 1 } };
  }

  /** How far the fleet is with one product, or with all of them. */
  summary(product?: string): FleetSummary {
    const byStatus: Partial<Record<Progress | "none", number>> = {};
    for (const device of this.devices) {
      const installations = device.progress(product);
      for (const status of installations.length > 0 ? installations : (["none"] as const)) {
        byStatus[status] = (byStatus[status] ?? 0) + 1;
      }
    }
    const busy = this.devices.filter((device) => device.busy).length;
    return { devices: this.devices.length, busy, byStatus };
  }

  async #run(
    devices: readonly FleetDevice[],
    act: (device: FleetDevice) => Promise<SessionLike | undefined>,
  ): Promise<FleetStep> {
    const waiting = [...devices].reverse();
    let sessions = 0;
    let messages = 0;
    const problems: Record<string, number> = {};
    const worker = async (): Promise<void> => {
      for (let device = waiting.pop(); device !== undefined; device = waiting.pop()) {
        const session = await act(device);
        if (session === undefined) continue;
        sessions += 1;
        messages += session.messages;
        if (session.end !== "done") problems[session.end] = (problems[session.end] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: this.#concurrency }, worker));
    return { sessions, messages, problems };
  }
}

/** What counts of a session. */
export interface SessionLike {
  readonly messages: number;
  readonly end: string;
}
