/** What the clients of Windows CE are told, and who is let in. Spans in seconds. */
export interface CeSettings {
  /** A device that is not known is registered when it polls, without being asked about. */
  readonly plugAndPlay: boolean;
  /** The server that clients poll from now on; null: they stay. */
  readonly pollServer: string | null;
  readonly pollSeconds: number;
  readonly failureRetryCount: number;
  readonly failureRetrySeconds: number;
  /** Whether, and how often, they tell what machine they are. */
  readonly machineInventory: boolean;
  readonly machineInventorySeconds: number;
}

/** The client's own defaults; an inventory a day. [agents 5] */
export const CE_DEFAULT: CeSettings = {
  plugAndPlay: false,
  pollServer: null,
  pollSeconds: 3_600,
  failureRetryCount: 5,
  failureRetrySeconds: 180,
  machineInventory: true,
  machineInventorySeconds: 24 * 3_600,
};

/** The smallest and the largest value of each. */
export const CE_RANGES = {
  pollSeconds: [60, 7 * 24 * 3_600],
  failureRetryCount: [0, 100],
  failureRetrySeconds: [10, 24 * 3_600],
  machineInventorySeconds: [600, 27 * 24 * 3_600],
} as const satisfies Partial<Record<keyof CeSettings, readonly [number, number]>>;
